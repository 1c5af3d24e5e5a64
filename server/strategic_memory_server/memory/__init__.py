"""What is remembered, as immutable values."""
