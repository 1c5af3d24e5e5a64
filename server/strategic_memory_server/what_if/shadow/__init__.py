"""When a shadow would have differed from what was advised, and what that was worth."""
