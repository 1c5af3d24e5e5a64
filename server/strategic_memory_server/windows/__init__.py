"""The windows: the newest entries of each stream, with their running totals."""
