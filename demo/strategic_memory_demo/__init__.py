"""A demonstration that needs nothing but this distribution: a market model, a feed, the service and a display."""
