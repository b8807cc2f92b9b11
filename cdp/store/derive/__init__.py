"""Conclusions in SQL: facts come out, traits and scores go in."""
