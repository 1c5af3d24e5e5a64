"""Connections to Redis and the types of its replies."""
