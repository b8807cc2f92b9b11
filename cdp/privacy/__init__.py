"""What is allowed: keys and what they open, and the log of who looked at or changed what."""
