"""What a source says: the declaration of a channel, its reading and its mapping to canonical batches."""
