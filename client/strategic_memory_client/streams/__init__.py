"""State machines of a subscription, of failover and of the newest feedback: no loop, no socket."""
