"""The process that the service runs in: its clock, its descriptors, the signals that end it."""
