"""SyncPace: when the next sync begins.

Entries of the streams start one, the interval does, and so does a change of the caps on leverage, or of what operators
say: these are looked at at a pace of their own, so that they act soon however long the interval is.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from redis.exceptions import RedisError

from strategic_memory_server.inputs.input_watcher import InputWatcher
from strategic_memory_server.inputs.page_reader import Page
from strategic_memory_server.inputs.resting_streams import AskedAhead
from strategic_memory_server.revisions.interventions import Interventions
from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.sync.joint_reading import JointReading
from strategic_memory_server.sync.sync_settings import SyncSettings
from strategic_memory_server.waiting.backoff import Backoff

LONGEST_RETRY_S = 5.0

CAPS_S = 1.0
"""Time between two looks at the caps on leverage and at what operators say, while nothing is to be done, seconds.

With many portfolios in one process it is longer.
"""


NOTHING_CAME: Mapping[str, Page] = MappingProxyType({})


class SyncPace:
    """Waits on behalf of the sync loop.

    Args:
        reading: looks at the caps, and at what operators say; a change of either starts a sync at once.
        watcher: waits for entries.
        interventions: what operators say, as it is known.
        leadership: whether this server leads.
        settings: when to sync.
        looks_s: gives the time between two looks at the caps and at what operators say, seconds.
    """

    def __init__(
        self,
        reading: JointReading,
        watcher: InputWatcher,
        interventions: Interventions,
        leadership: Leadership,
        settings: SyncSettings,
        looks_s: Callable[[], float] = lambda: CAPS_S,
    ) -> None:
        self._looks_s = looks_s
        self.ahead: AskedAhead | None = None
        """What Redis told as it told of the entries that `until_due` gave; None: other things came in between."""
        self.stopping = asyncio.Event()
        """Set: `run` ends after the cycle in hand, and no wait lasts."""
        self._woken = asyncio.Event()
        """Set: somebody is to stop, or to look at the caps."""
        self.retries = Backoff(settings.retry_s, min(LONGEST_RETRY_S, settings.interval_s))
        self._unwatched = Backoff(settings.retry_s, settings.interval_s)
        self._reading = reading
        self._watcher = watcher
        self._interventions = interventions
        self._leadership = leadership
        self._settings = settings

    def stop(self) -> None:
        """Let no wait last from now on."""
        self.stopping.set()
        self._woken.set()
        self._watcher.interrupt()

    def look(self) -> None:
        """Let a wait end for a look at the caps and at what operators say: a cap has changed."""
        self._woken.set()
        self._watcher.interrupt_once()

    async def after_failure(self) -> None:
        """Wait for the retry, longer each time, or until the caps have changed."""
        due_s = loop_s() + self.retries.next_s()
        while not self.stopping.is_set() and (left_s := due_s - loop_s()) > 0:
            await self._pause(min(left_s, self._looks_s()))
            if (self._was_woken() or left_s > self._looks_s()) and await self._bounds_have_changed():
                return

    async def until_leading(self, *, is_left: bool) -> None:
        """Wait until this server leads, at most until the memory is to be read again or the caps have changed.

        Args:
            is_left: whether what a leader tells was left to another one; else also until there is another one.
        """
        looks_s, due_s = self._looks_s(), loop_s() + self._settings.interval_s
        while (left_s := due_s - loop_s()) > 0:
            await self._until_leading(min(left_s, looks_s))
            if self.stopping.is_set() or self._leadership.claim is not None:
                return
            if not is_left and self._leadership.another_leads:
                return
            if (self._was_woken() or left_s > looks_s) and await self._bounds_have_changed():
                return

    async def _until_leading(self, seconds: float) -> None:
        waits = [
            asyncio.ensure_future(self._woken.wait()),
            asyncio.ensure_future(self._leadership.wait(seconds)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def in_between(self, started_s: float) -> None:
        """Wait as short as may be between two syncs."""
        await self._pause(started_s + self._settings.floor_s - loop_s(), self.stopping)

    async def until_due(
        self, started_s: float, read_up_to: Mapping[str, str], heads: Mapping[str, str], ends_in_s: float | None = None
    ) -> Mapping[str, Page] | None:
        """Wait until there is something to sync, at most until the interval has passed.

        The entries that were found are returned, oldest first, by source: none where all the time was waited for them
        and none came. None: nothing is known of what is new.

        Args:
            started_s: when the last sync began, by the clock of the event loop.
            read_up_to: id of the newest entry that it read of each stream, by source.
            heads: id of the entry that each of the service's own streams ends with, by key.
            ends_in_s: after so long a sync is due in any case, seconds; None: at the interval.
        """
        settings = self._settings
        due_s = min(started_s + settings.interval_s, math.inf if ends_in_s is None else loop_s() + ends_in_s)
        look_s = loop_s() + self._looks_s()
        watching = settings.reactive
        found: Mapping[str, Page] | None = None
        self.ahead = None
        while not self.stopping.is_set() and loop_s() < due_s:
            if self._was_woken() or loop_s() >= look_s:
                if await self._bounds_have_changed():
                    return None
                look_s = loop_s() + self._looks_s()
            # A look can take long: what is left is counted after it.
            wait_s = max(min(due_s, look_s) - loop_s(), 0.001)
            if not watching:
                await self._pause(wait_s)
                continue
            try:
                arrived = await self._watcher.wait(read_up_to, wait_s, heads)
            except (RedisError, OSError):
                # Redis has gone away: the next sync finds out, and retries at its own pace.
                later_s = settings.retry_s
            else:
                if arrived is None:
                    # A sync finds out which key is in the way and leaves it out; if that is no help, sync more rarely.
                    later_s = self._unwatched.next_s()
                else:
                    self._unwatched.reset()
                    if not arrived:
                        continue
                    if self._interventions.key in self._watcher.moved:
                        self._interventions.expire()
                        return None
                    later_s = max(settings.debounce_s, started_s + settings.floor_s - loop_s())
                    # Within a longer wait more is expected to arrive.
                    found = None if settings.debounce_s else self._watcher.arrived
                    self.ahead = None if later_s > 0 else self._watcher.ahead
            due_s, watching = min(due_s, loop_s() + later_s), False
        return NOTHING_CAME if watching else found

    async def _bounds_have_changed(self) -> bool:
        try:
            return await self._reading.bounds_have_changed(self._looks_s())
        except (RedisError, OSError):
            # Redis has gone away: the next sync finds out, and says so.
            return False

    def _was_woken(self) -> bool:
        """Tell whether somebody wants a look, who has it then."""
        was_woken = self._woken.is_set()
        if not self.stopping.is_set():
            self._woken.clear()
        return was_woken

    async def _pause(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Wait, or until something is set: that somebody is to stop, or to look."""
        if seconds <= 0:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await (until or self._woken).wait()


def loop_s() -> float:
    """Return the time of the event loop, seconds."""
    return asyncio.get_running_loop().time()
