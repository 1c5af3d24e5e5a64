"""A real Redis server of the service's own, for the demo and for trying things."""
