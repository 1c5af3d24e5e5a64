"""Observations in files: JSON of whole memories, and tables as CSV or Parquet."""
