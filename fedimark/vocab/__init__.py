"""PURE. ActivityStreams as types: tolerant reading at the edge, strict frozen values inside."""
