"""The reference rules, and the reasons that an advice carries."""
