"""Files that people send: pictures drawn anew, kept under the data directory."""
