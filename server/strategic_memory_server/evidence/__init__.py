"""How sure the advice may be: which policy earns most in a regime, and how likely that is, from all trades so far."""
