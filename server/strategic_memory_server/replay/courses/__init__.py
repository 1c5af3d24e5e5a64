"""What each kind of rules would have advised over a record."""
