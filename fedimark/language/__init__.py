"""The languages pages are in: English words that are drawn in another, catalogues, dates, and who reads what."""
