"""What can keep a record from being replayed."""

from __future__ import annotations


class ReplayError(Exception):
    """A record cannot be replayed; the message says what to do about it."""


class NotInstalledError(ReplayError):
    """A format needs a package that is not installed."""
