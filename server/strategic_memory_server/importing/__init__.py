"""Writes the past, from files that `replay` reads or a folder of `export`, into Redis, under ids of its own times."""
