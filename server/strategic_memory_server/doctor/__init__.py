"""What is wrong with a Redis and the service beside it, in order of harm."""
