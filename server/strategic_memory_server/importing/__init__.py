"""Writes the past, from files that `replay` reads, into the input streams, under ids of the entries' own times."""
