"""What people bring along and take with them: files of bookmarks, in and out."""
