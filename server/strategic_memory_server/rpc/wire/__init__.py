"""Between values of the domain and messages of the wire, both ways."""
