"""Between values and the wire, both ways."""
