"""Companies in SQL: whom they have, and how they fit."""
