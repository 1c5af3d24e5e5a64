"""`python -m strategic_memory_server` is the command `strategic-memory-server`."""

from strategic_memory_server.cli import main

main()
