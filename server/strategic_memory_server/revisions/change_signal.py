"""ChangeSignal: wakes everybody who waits for the hub to change."""

from __future__ import annotations

import asyncio


class ChangeSignal:
    """One shared future for all who wait, renewed at each change.

    Take `pending` before looking at the state and wait on it afterwards: a change in between is not missed.
    """

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None

    @property
    def pending(self) -> asyncio.Future[None]:
        """A future that is done at the next change."""
        if self._future is None:
            self._future = asyncio.get_running_loop().create_future()
        return self._future

    def notify(self) -> None:
        """Wake everybody who waits."""
        if self._future is not None:
            self._future.set_result(None)
            self._future = None


async def wait_until(change: asyncio.Future[None], timeout_s: float) -> None:
    """Wait for a change, at most `timeout_s` seconds."""
    await asyncio.wait([change], timeout=timeout_s)
