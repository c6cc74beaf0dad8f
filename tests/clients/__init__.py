"""Real clients of others, as people use them, against a real server over a socket."""
