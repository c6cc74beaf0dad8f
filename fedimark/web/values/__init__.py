"""What pages show beside streams, one frozen value a thing; each template names its values."""
