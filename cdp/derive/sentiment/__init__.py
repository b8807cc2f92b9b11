"""What texts feel about what: language, polarity, aspects and the words that drove them."""
