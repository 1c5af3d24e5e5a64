"""Tells market regimes from closing prices, one close after the other, so that no label knows what comes after it."""
