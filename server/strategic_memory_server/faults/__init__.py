"""What goes wrong, in words: errors that callers are told, problems that operators are told."""
