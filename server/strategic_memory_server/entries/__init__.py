"""What one entry of a stream says, and what is wrong or odd about it."""
