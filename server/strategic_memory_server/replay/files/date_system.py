"""Which day a workbook counts its days from: python-calamine knows that of cells shown as dates, and not of numbers."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO

from strategic_memory_server.replay.files.source import Source

DAYS_FROM_1900_TO_1904 = 1_462
"""What a workbook that counts from 1904 calls a day is so much less."""

_LOOKED_AT_BYTES = 1 << 22
_IN_XML = {
    "xl/workbook.xml": re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904=[\"'](?:1|true|on)[\"']"),
    "content.xml": re.compile(rb"<table:null-date\b[^>]*\bdate-value=[\"']1904-01-01"),
}
_IN_XLSB, _ID_OF_SETTINGS = "xl/workbook.bin", 153
_IN_XLS = b"\x22\0\x02\0\x01\0\x0e\0\x02\0"
"""The record of the day that days are counted from, saying 1904, and the head of the record that always follows it."""


def counts_from_1904(source: Source) -> bool:
    """Tell whether the days of a workbook count from 1904-01-01, as those of old programs for the Macintosh do."""
    with source.open() as file:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            return _IN_XLS in file.read(_LOOKED_AT_BYTES)
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            for name, says_so in _IN_XML.items():
                if name in names:
                    with archive.open(name) as part:
                        return says_so.search(part.read(_LOOKED_AT_BYTES)) is not None
            if _IN_XLSB not in names:
                return False
            with archive.open(_IN_XLSB) as part:
                settings = next((held for kind, held in _records(part) if kind == _ID_OF_SETTINGS), b"")
                return bool(settings[:1] and settings[0] & 1)


def _records(part: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a part of an .xlsb, each with what it is: MS-XLSB 2.1.4."""
    while kind := part.read(1):
        number = kind[0]
        if number & 0x80:
            number = (number & 0x7F) | (part.read(1) or b"\0")[0] << 7
        size, shift = 0, 0
        while byte := part.read(1):
            size |= (byte[0] & 0x7F) << shift
            shift += 7
            if not byte[0] & 0x80 or shift > 21:
                break
        yield number, part.read(size)
