"""How to wait: checkpoints of long work, tasks in the background, growing pauses."""
