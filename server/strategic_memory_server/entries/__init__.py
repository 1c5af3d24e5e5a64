"""What one entry of a stream says, under which key, and what is wrong or odd about it."""
