"""Profiles in SQL: folded, read, rectified, and told of in the feed."""
