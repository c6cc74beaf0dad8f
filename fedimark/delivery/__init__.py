"""What must reach other servers: rows said inside a transaction, sent by the worker until they have arrived."""
