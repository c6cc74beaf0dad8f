"""Who may see what, who is blocked, which URLs are allowed."""
