"""Connections and streams for programs with an event loop."""
