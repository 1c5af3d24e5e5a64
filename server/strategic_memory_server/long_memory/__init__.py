"""The long memory: what every trade so far adds up to, kept in Redis beside the feedback log."""
