"""Figures the product promises; `make bench` prints them."""
