"""Analyses: a few at once, in threads, within the memory that is set aside."""
