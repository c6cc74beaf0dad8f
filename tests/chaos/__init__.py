"""`make chaos`: whole servers as real processes, killed at every bad moment; whatever they promised must hold."""
