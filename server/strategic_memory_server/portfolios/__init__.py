"""Portfolios: what one is made of, and what all of a process share."""
