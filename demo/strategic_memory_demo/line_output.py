"""Lines on standard output, for as long as somebody reads them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TextIO


class LineOutput:
    """Writes lines at once; a reader that goes away (`demo | head`) ends the demo instead of failing it."""

    def __init__(self, stream: TextIO, on_reader_gone: Callable[[], None]) -> None:
        """Write to `stream`; call `on_reader_gone` once when nobody reads it any more."""
        self.stream = stream
        self._on_reader_gone = on_reader_gone
        self._reader_gone = False

    def write(self, lines: Iterable[str]) -> None:
        """Write the lines, or nothing when the reader is gone."""
        if self._reader_gone:
            return
        try:
            self.stream.write("".join(f"{line}\n" for line in lines))
            self.stream.flush()
        except BrokenPipeError:
            self._reader_gone = True
            self._discard_the_rest()
            self._on_reader_gone()

    def _discard_the_rest(self) -> None:
        # What is left in the buffer would fail again, with a message, when the interpreter flushes it.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)
