"""Connections and streams for programs that block."""
