"""Columns of numbers, and what is worked out of them exactly."""
