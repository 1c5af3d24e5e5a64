"""What the measures share: processes, inputs, rounds and the table they print."""
