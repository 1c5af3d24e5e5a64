"""What a memory says by regime, before anything is advised."""
