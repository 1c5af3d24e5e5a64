"""Files of an operator: what is followed while the service runs, and what is put in its place as a whole."""
