"""FollowedFiles: files that are taken anew when they change, without a restart; the last good ones hold meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from strategic_memory_server.faults.problems import Problems

LOOKS_EVERY_S = 2.0

RESTS_S = 0.25
"""Who writes a file may not be done: it is taken once it has been the same for so long, seconds."""

MOST_WAITS = 20
"""So often that is waited for; a file that never rests is taken as it is."""


class UnusableFilesError(Exception):
    """Files cannot be used; the text says which and why, and holds no secret."""


class FollowedFiles:
    """Has some files taken whenever one of them, or a link to it, is another one.

    They count as they are when this is made: whoever makes it takes them after that, so that no change is missed.

    Args:
        files: which.
        take: reads them and takes them over. Raises UnusableFilesError.
        holds_on: says what is in force where they cannot be used.
        problems: told for as long as that stands.
        problem: under which name.
    """

    def __init__(
        self,
        files: Sequence[Path],
        take: Callable[[], None],
        holds_on: Callable[[], str],
        problems: Problems,
        problem: str,
    ) -> None:
        self._files = files
        self._take = take
        self._holds_on = holds_on
        self._problems = problems
        self._problem = problem
        self._taken = self._seen()

    async def next_look(self) -> None:
        """Wait until the next look is due and nobody is writing, and look, in a thread."""
        await asyncio.sleep(LOOKS_EVERY_S)
        before: object = self._taken
        for _ in range(MOST_WAITS):
            if before == (before := await asyncio.to_thread(self._seen)):
                break
            await asyncio.sleep(RESTS_S)
        await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Have the files taken, if they have changed and can be used."""
        seen = self._seen()
        try:
            # Others may have come and gone since.
            if seen != self._taken:
                self._take()
        except UnusableFilesError as error:
            self._problems.state(self._problem, f"{error}; {self._holds_on()}")
            return
        self._taken = seen
        self._problems.withdraw(self._problem)

    def _seen(self) -> object:
        return tuple(map(_identity, self._files))


def _identity(file: Path) -> tuple[int, ...]:
    """Return what changes whenever a file does; empty where there is none."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns
