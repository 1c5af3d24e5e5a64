"""A demonstration that needs nothing but this package: a market model, a feed, the service and a display."""
