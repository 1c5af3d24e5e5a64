"""JsonStream: walks through a JSON document that is read a little at a time, and reads only the values asked for.

What is passed over is looked at for its brackets and its texts alone, so that it costs little and holds nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO

from strategic_memory_server.replay.files.json_once import ONCE, GivenTwiceError

PART_CHARACTERS = 1 << 16
MAX_VALUE_CHARACTERS = 1 << 20
"""Longest value that is read as one."""

MAX_WORD_CHARACTERS = 1 << 12
"""Longest number."""

_SPACES = " \t\n\r"
_STRUCTURE = re.compile(r'["\[\]{}]')
_END_OF_TEXT = re.compile(r'["\\]')
_END_OF_WORD = re.compile(r"[\s,\]}]")


class BrokenJsonError(ValueError):
    """It is no JSON, or ends too soon; the message says where."""


class JsonStream:
    """A document at some place, from which it goes forward only.

    Args:
        file: the document, open for reading text.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._passed = 0
        self._decoder = json.JSONDecoder()

    @property
    def passed(self) -> int:
        """Number of characters that it has gone past."""
        return self._passed + self._at

    def require_end(self) -> None:
        """Refuse what comes after the document.

        Raises:
            BrokenJsonError: there is more than spaces.
        """
        rest = self._text[self._at :] + self._file.read(PART_CHARACTERS)
        if rest.strip(_SPACES):
            raise self._broken("something comes after its end")

    def peek(self) -> str:
        """Return the next character that is no space, and stay before it.

        Raises:
            BrokenJsonError: there is none.
        """
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACES:
                    return self._text[self._at]
                self._at += 1
            self._more()

    def members(self) -> Iterator[str]:
        """Yield the names in an object, standing before its value each time: read or pass over it before the next."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self._broken("a name is missing")
            name = self.value()
            self._take(":")
            self.peek()
            yield str(name)
            if self._next_or_end("}"):
                return

    def elements(self) -> Iterator[None]:
        """Stand before each element of a list: read or pass over it before the next."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            self.peek()
            yield None
            if self._next_or_end("]"):
                return

    def value(self) -> object:
        """Read a value within a list or an object.

        Raises:
            BrokenJsonError: it is none, or too long.
        """
        if self.peek() not in '"[{':
            return self._word()
        size = PART_CHARACTERS
        while True:
            try:
                found, self._at = ONCE.raw_decode(self._text, self._at)
            except GivenTwiceError as error:
                raise self._broken(str(error)) from None
            except RecursionError:
                raise self._broken("too many brackets within each other") from None
            except ValueError:
                # It may only not be there yet.
                if len(self._text) - self._at > MAX_VALUE_CHARACTERS:
                    raise self._broken("no value, or one that is too long") from None
                self._more(size)
                size *= 2
            else:
                return found

    def _word(self) -> object:
        """Read a number, or one of the three words."""
        while _END_OF_WORD.search(self._text, self._at) is None:
            if len(self._text) - self._at > MAX_WORD_CHARACTERS:
                raise self._broken("no value")
            self._more()
        try:
            found, self._at = self._decoder.raw_decode(self._text, self._at)
        except ValueError:
            raise self._broken("no value") from None
        return found

    def skip(self) -> object:
        """Pass over a value. Return it where that costs nothing, and None elsewhere."""
        first = self.peek()
        if first not in '"[{':
            self._find(_END_OF_WORD)
            return None
        try:
            # Where the whole of it has been read already, reading it is several times as fast.
            found, self._at = self._decoder.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            self._skip_part_by_part()
            return None
        return found

    def _skip_part_by_part(self) -> None:
        depth = 0
        while True:
            mark = self._find(_STRUCTURE)
            self._at += 1
            if mark == '"':
                self._skip_text()
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark, 0)
            if depth <= 0:
                return

    def _skip_text(self) -> None:
        while self._find(_END_OF_TEXT) != '"':
            self._at += 2
        self._at += 1

    def _find(self, pattern: re.Pattern[str]) -> str:
        """Go to the next place that a pattern of one character fits, and give it."""
        while (found := pattern.search(self._text, self._at)) is None:
            # What goes on behind an escape may lie beyond what has been read.
            beyond = max(self._at - len(self._text), 0)
            self._at = len(self._text)
            self._more()
            self._at += beyond
        self._at = found.start()
        return found.group()

    def _next_or_end(self, end: str) -> bool:
        mark = self.peek()
        if mark not in (",", end):
            raise self._broken(f"{mark!r} stands where a comma or {end!r} has to")
        self._at += 1
        return mark == end

    def _take(self, mark: str) -> None:
        if self.peek() != mark:
            raise self._broken(f"{self.peek()!r} stands where {mark!r} has to")
        self._at += 1

    def _more(self, characters: int = PART_CHARACTERS) -> None:
        part = self._file.read(characters)
        if not part:
            raise self._broken("it ends too soon")
        self._passed += self._at
        self._text = self._text[self._at :] + part
        self._at = 0

    def _broken(self, what: str) -> BrokenJsonError:
        return BrokenJsonError(f"{what}, at character {self._passed + min(self._at, len(self._text)) + 1}")
