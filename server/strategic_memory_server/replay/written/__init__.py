"""Numbers and times as people write them: the way of writing of a whole column, told from all of its values."""
