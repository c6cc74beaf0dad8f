"""PURE. Words and addresses as people and peers write them: URLs, tags, HTML, plain text."""
