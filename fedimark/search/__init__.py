"""Finding bookmarks by their words: one's own, the public ones here, and those of other servers, which are asked."""
