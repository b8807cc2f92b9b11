"""What we conclude: computed traits, predictions and sentiment, one file per family."""
