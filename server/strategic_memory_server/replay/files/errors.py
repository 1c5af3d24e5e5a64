"""What can keep a record from being replayed."""

from __future__ import annotations


class ReplayError(Exception):
    """A record cannot be replayed; the message says what to do about it."""

    def __str__(self) -> str:
        return printable(super().__str__())


def printable(text: str) -> str:
    """Return a text with all that is no letter escaped: names in files could move the cursor of a terminal."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text
    )


class NotInstalledError(ReplayError):
    """A format needs a package that is not installed."""
