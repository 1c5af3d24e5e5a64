"""What other programs left in Redis or sent in a request: read, checked, and put into columns."""
