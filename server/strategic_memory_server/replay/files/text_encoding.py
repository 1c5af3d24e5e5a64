"""How the bytes of a text are written: UTF-8, UTF-16, UTF-32 or Windows-1252."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from strategic_memory_server.replay.files.source import Source

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before that of UTF-16, with which it begins.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNUSED_IN_WINDOWS_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")

_FEWEST_PAIRS = 8


def text_encoding(head: bytes) -> str | None:
    """Return the encoding of a text by its first bytes; None where it is no text."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        return _utf_16_without_mark(head)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        beyond_ascii = {byte for byte in head if byte >= 0x80}
        # A few stray bytes stay in their cells, and are refused there.
        return "utf-8" if beyond_ascii & _UNUSED_IN_WINDOWS_1252 or 0xFF in beyond_ascii else "cp1252"
    return "utf-8"


def _utf_16_without_mark(head: bytes) -> str | None:
    """Tell UTF-16 of mostly Latin letters by every other byte, which is zero."""
    pairs = len(head) // 2
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = head[first::2].count(0)
        if pairs >= _FEWEST_PAIRS and zeros > 0.7 * pairs and not head[1 - first :: 2].count(0):
            return encoding
    return None


@contextmanager
def opened_text(source: Source, encoding: str) -> Iterator[TextIO]:
    """Open a source for reading text with its line ends as they are; a byte that is none stays in its cell."""
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    with source.open() as binary, io.TextIOWrapper(binary, encoding, errors=errors, newline="") as text:
        yield text
