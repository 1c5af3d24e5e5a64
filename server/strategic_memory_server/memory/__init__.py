"""What is remembered, and how much of it: immutable values."""
