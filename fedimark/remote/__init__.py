"""The door out: how this server reads others. Nothing but `remote` and `delivery` opens a socket to a peer."""
