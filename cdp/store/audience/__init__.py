"""Segments, crossings and audiences in SQL."""
