"""Environment and flags, read once into frozen settings."""
