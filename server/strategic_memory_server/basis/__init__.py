"""What a revision rests on, as its log entry carries it."""
