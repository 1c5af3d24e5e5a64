"""Connections to the service, and what both kinds of client share of them."""
