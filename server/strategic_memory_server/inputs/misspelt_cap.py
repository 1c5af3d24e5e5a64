"""A cap on leverage that is written in another way than one that counts: it caps nothing, and is told."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from strategic_memory_server.memory.json_types import JsonObject, JsonValue

FIELD = "max_leverage_hint"
"""The one spelling that counts, in the outermost object."""

_PLAIN_FIELD = FIELD.replace("_", "")
_LIKE_ENOUGH = 0.75
_SHORTEST_LIKE_A_CAP, _LONGEST_LIKE_A_CAP = len("levcap"), 64
_WORDS_FOR_A_CAP = ("max", "cap", "limit", "hint", "ceiling")


def nearest_field(document: JsonObject) -> str:
    """Return the path of the field that looks most like a cap in another spelling or place; empty where none does."""
    paths: dict[str, str] = {}
    for path, name in _paths(document):
        paths.setdefault(name, path)
    # Names repeat, and most of the others cannot be alike: a large object takes no time that others would wait for.
    matcher = difflib.SequenceMatcher(a="", b=_PLAIN_FIELD)
    likeness = {name: _like_a_cap(name, matcher) for name in paths if len(name) >= _SHORTEST_LIKE_A_CAP}
    nearest = max(likeness, key=lambda name: likeness[name], default="")
    return paths[nearest] if nearest and likeness[nearest] >= _LIKE_ENOUGH else ""


def _paths(value: JsonValue, path: str = "", name: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and name of all fields that hold a value of their own."""
    if isinstance(value, dict):
        for each, item in value.items():
            yield from _paths(item, f"{path}.{each}" if path else each, each)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _paths(item, f"{path}[{index}]")
    elif path:
        yield path, name


def _like_a_cap(name: str, matcher: difflib.SequenceMatcher[str]) -> float:
    plain = "".join(char for char in name[:_LONGEST_LIKE_A_CAP].lower() if char.isalnum())
    matcher.set_seq1(plain)
    is_like = matcher.real_quick_ratio() >= _LIKE_ENOUGH and matcher.quick_ratio() >= _LIKE_ENOUGH
    likeness = matcher.ratio() if is_like else 0.0
    says_it = "lev" in plain and any(word in plain for word in _WORDS_FOR_A_CAP)
    return max(likeness, _LIKE_ENOUGH) if says_it else likeness
