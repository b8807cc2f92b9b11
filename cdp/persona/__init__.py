"""In which situation: personas from data, their cards, and the one that fits a visitor now."""
