"""From a file to pages of cells, whatever its format, and from cells to columns of values."""
