"""The process that the service runs in: its name, its descriptors, the signals that end it."""
