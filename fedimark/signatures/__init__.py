"""PURE. HTTP signatures without HTTP: a request as a value, keys, the draft-cavage scheme, and the verdict."""
