"""Who calls, and what they may do: the access file, its tokens, and the names in certificates of clients."""
