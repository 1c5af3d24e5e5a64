"""What cells of exports say, where a format has to know it before they are read."""

from __future__ import annotations

import re
from collections.abc import Callable

from strategic_memory_server.replay.files.cell_columns import NOTHING
from strategic_memory_server.replay.files.page import Cell

_EXPONENT = re.compile(r"(?<=[\d.,])[eE][+-]?\d+")
_DIGIT, _OTHER_DIGIT = re.compile(r"\d"), re.compile(r"[1-9]")


def text_of(cell: Cell) -> str:
    """Return what a cell says as text, stripped; empty for nothing."""
    return "" if cell is None or cell != cell else str(cell).strip()


def is_given(cell: Cell) -> bool:
    """Tell whether a cell holds something."""
    return text_of(cell).lower() not in NOTHING


def is_not_zero(cell: Cell) -> bool:
    """Tell whether a cell is another number than 0, whatever its unit, or a text that is no number."""
    text = _EXPONENT.sub("", text_of(cell)).strip("+-0.,")
    return bool(text) and (not _DIGIT.search(text_of(cell)) or bool(_OTHER_DIGIT.search(text)))


def is_false(cell: Cell) -> bool:
    """Tell whether a cell says no: 0, False, or nothing."""
    return text_of(cell).casefold() in ("", "0", "0.0", "false", "no")


def is_one_of(*texts: str) -> Callable[[Cell], bool]:
    """Return what tells whether a cell says one of some texts, without regard to case."""
    known = frozenset(text.casefold() for text in texts)
    return lambda cell: text_of(cell).casefold() in known


def begins_with(text: str) -> Callable[[Cell], bool]:
    """Return what tells whether a cell begins with a text, without regard to case."""
    return lambda cell: text_of(cell).casefold().startswith(text)
