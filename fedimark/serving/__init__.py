"""Serving over sockets: uvicorn with httptools and uvloop, within bounds, and what is ready without a task."""
