"""What an operator sees: health, metrics and the log."""
