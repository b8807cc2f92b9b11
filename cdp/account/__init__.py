"""B2B: who belongs to which company in which role, and which companies are the ones to win."""
