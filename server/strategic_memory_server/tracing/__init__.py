"""Traces of the service's own work, for OpenTelemetry; nothing at all where nobody asks for them."""
