"""Where it lies: the schema and the only SQL of the product."""
