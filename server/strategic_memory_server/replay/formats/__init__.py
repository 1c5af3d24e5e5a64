"""Formats: what tools and brokers call their columns, one format a file, and how a table is known by them."""
