"""What other programs left in Redis: read, checked, and put into windows."""
