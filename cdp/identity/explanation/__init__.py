"""Why records are one person, or are not."""
