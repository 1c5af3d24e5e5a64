"""The loop: read, analyse, advise, publish."""
