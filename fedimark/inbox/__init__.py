"""What comes in from other servers: the sender is proven, the activity stored once, then applied by the worker."""
