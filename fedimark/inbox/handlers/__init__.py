"""What each activity changes: one file for each kind of fact, functions that take `Verified` and return a word."""

UNFINISHED = "unfinished"
"""The part done may be committed, and the activity is to be applied again for the rest."""
