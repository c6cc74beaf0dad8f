"""Pages as people meet them: a real server, a real Chromium."""
