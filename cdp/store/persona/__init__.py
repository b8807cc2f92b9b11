"""Personas and situations in SQL."""
