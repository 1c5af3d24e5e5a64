"""What a memory says, or would say under other settings or at another time; nothing is published."""
