"""Files of an operator that are followed while the service runs."""
