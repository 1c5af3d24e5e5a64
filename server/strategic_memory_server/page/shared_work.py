"""SharedWork: whoever asks while it is being done waits for that one, and gets its end, a failure too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


class SharedWork:
    """Does one thing for all who wait for it.

    One after the other would each try what fails for all of them, and while Redis is silent ever more would wait.

    Args:
        do: does it.
    """

    def __init__(self, do: Callable[[], Coroutine[None, None, None]]) -> None:
        self._do = do
        self._doing: asyncio.Task[None] | None = None

    async def done(self) -> None:
        """Wait until it has been done; raises what it raises."""
        if self._doing is None:
            self._doing = asyncio.create_task(self._do())
            self._doing.add_done_callback(self._forget)
        # Whoever goes away takes nobody along.
        await asyncio.shield(self._doing)

    def _forget(self, done: asyncio.Task[None]) -> None:
        self._doing = None
        if not done.cancelled():
            done.exception()  # or it is told as lost where nobody waits any more
