"""What we say to other servers: documents, who hears them, follows."""
