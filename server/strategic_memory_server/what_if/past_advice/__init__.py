"""What past advice was worth: the revisions that the feedback log still holds against the trades that came after."""
