"""What a pushed message says: calls of the Segment spec in the canonical words of a batch."""
