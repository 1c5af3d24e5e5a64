"""The wire contract of Strategic Memory Sync: messages and stubs, how reasons travel, and nothing else."""
