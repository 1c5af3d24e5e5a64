"""The page at `/`: the advice, its reasons and its limits, for a person with a browser."""
