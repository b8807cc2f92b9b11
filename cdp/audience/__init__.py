"""Whom to address: conditions, segments, memberships and dimensions."""
