"""That merging converges: whatever order, repetition and shape things come in, everybody sees the same in the end."""
