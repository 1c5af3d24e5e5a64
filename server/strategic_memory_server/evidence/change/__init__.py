"""What is kept of a regime to notice that it has changed: blocks of its trades, and when the present stretch began."""
