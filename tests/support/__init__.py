"""What the tests stand on: databases, clocks, wire documents, whole servers, processes."""
