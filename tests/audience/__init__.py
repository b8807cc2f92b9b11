"""Segments, memberships, crossings and exports."""
