"""Landing in SQL: batches and messages come in, once each, and what was refused waits."""
