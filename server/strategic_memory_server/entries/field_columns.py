"""Reading one field of many entries at once: a few steps for a whole page instead of a few for each entry.

Only what is ordinary is read here. Where anything else turns up, the entries have to be read one by one, which says
what is wrong with which of them; both ways give the same values, to the last bit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.entries.entry_fields import (
    MAX_MAGNITUDE,
    MAX_NAME_LENGTH,
    MAX_NUMBER_LENGTH,
    Fields,
    RejectionError,
    read_name,
)

ValueT = TypeVar("ValueT")

_NUMBER = rb"[+-]?+(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?+[0-9]++)?+"
_NUMBERS = re.compile(rb"(?:%b\n)*+%b" % (_NUMBER, _NUMBER))


class UnusualEntryError(Exception):
    """An entry among these has to be looked at by itself."""


def number_column(entries: Sequence[Fields], field: bytes) -> FloatColumn:
    """Read a number that every entry has.

    Raises:
        UnusualEntryError: one has none, or one that is not plain or out of range.
    """
    raw = [fields.get(field) for fields in entries]
    return _numbers([text for text in raw if text is not None], len(raw))


def optional_number_column(entries: Sequence[Fields], field: bytes) -> FloatColumn:
    """Read a number that the entries may have; NaN where there is none.

    Raises:
        UnusualEntryError: one has one that is not plain or out of range.
    """
    raw = [fields.get(field) for fields in entries]
    absent = raw.count(None)
    column = np.full(len(raw), math.nan)
    if absent < len(raw):
        given = slice(None) if not absent else [place for place, text in enumerate(raw) if text is not None]
        column[given] = _numbers([text for text in raw if text is not None], len(raw) - absent)
    return column


def name_column(entries: Sequence[Fields], field: bytes, read: Callable[[str], ValueT]) -> list[ValueT]:
    """Read a name that the entries may have, and what it stands for.

    Args:
        entries: fields of each.
        field: the name's field.
        read: what a name stands for; the empty one where there is none. Called once for each that is different.

    Raises:
        UnusualEntryError: one has one that is no name.
    """
    raw = [fields.get(field) for fields in entries]
    label = field.decode()
    try:
        known = {text: read(read_name(label, text) if text else "") for text in dict.fromkeys(raw)}
    except RejectionError:
        raise UnusualEntryError from None
    return [known[text] for text in raw]


def plain_names(entries: Sequence[Fields], field: bytes) -> list[str]:
    """Read a name that the entries may have, where nearly all are different; empty where there is none.

    Raises:
        UnusualEntryError: one has one that is no name, not ASCII, or perhaps written by numpy; or there are no entries.
    """
    raw = [fields.get(field, b"") for fields in entries]
    joined = b"\n".join(raw)
    if not joined.isascii() or joined.count(b"\n") >= len(raw) or max(map(len, raw)) > MAX_NAME_LENGTH:
        raise UnusualEntryError
    text = joined.decode("ascii")
    if "(" in text or not text.replace("\n", "").isprintable():
        raise UnusualEntryError
    names = text.split("\n")
    return [name.strip() for name in names] if b" " in joined else names


def _numbers(raw: Sequence[bytes], wanted: int) -> FloatColumn:
    joined = b"\n".join(raw)
    if len(raw) != wanted or joined.count(b"\n") >= wanted or not _NUMBERS.fullmatch(joined):
        raise UnusualEntryError
    if max(map(len, raw)) > MAX_NUMBER_LENGTH:
        raise UnusualEntryError
    column = np.array([float(text) for text in raw])
    if not (np.abs(column) <= MAX_MAGNITUDE).all():
        raise UnusualEntryError
    return column
