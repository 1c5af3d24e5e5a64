"""The wire contract of Strategic Memory Sync: messages and stubs, and nothing else."""
