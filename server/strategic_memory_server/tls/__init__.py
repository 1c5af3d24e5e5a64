"""Certificates and keys in files: whether they can be used, and those that the service shows."""
