"""Companies: one form for the spellings of their names and places, and how alike two of them are."""
