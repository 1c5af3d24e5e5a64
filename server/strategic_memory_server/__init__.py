"""The Strategic Memory Sync service: reads the memory from Redis, works out the advice and serves it."""
