"""A memory out of the columns of a request."""
