"""What identifies: raw values to the one form in which two records can meet."""
