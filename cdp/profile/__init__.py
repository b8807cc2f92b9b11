"""What we know of a person: the trait registry, survivorship and the fold."""
