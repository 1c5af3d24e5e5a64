"""Objects of JSON that give each name once: of one given twice Python takes the last value, and others the first."""

from __future__ import annotations

import json


class GivenTwiceError(ValueError):
    """An object gives a name twice."""


def each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object. Raises GivenTwiceError."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise GivenTwiceError(f"one object gives {next(name for name in names if names.count(name) > 1)!r} twice")
    return made


ONCE = json.JSONDecoder(object_pairs_hook=each_once)
"""Reads JSON so."""
