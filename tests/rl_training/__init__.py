"""`make rl`: agents of stable-baselines3 learn with the advice, in an environment of its own (some gigabytes)."""
