"""Handlers for other servers: inbox, documents, collections, discovery."""
