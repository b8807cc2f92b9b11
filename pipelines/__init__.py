"""Dagster's side of the store: what runs when, over the same declarations the library reads."""
