"""Caps on leverage that this server has read and the log does not say: what is served stays below them all the same."""

from __future__ import annotations

from collections.abc import Sequence

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.leverage_caps import as_keys_hold
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.redis_access.round_trip import Reply
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import PUBLISHING_MS, FeedbackHub

PROBLEM = "cap_not_in_force"


class UnpublishedCaps:
    """Tells the hub of caps that were read, and operators of those that do not get into the log.

    Args:
        hub: knows what the log says, and serves it.
        changed: is notified when that changes what is served.
        problems: is told.
    """

    # There are thousands.
    __slots__ = ("_changed", "_could_not_publish", "_hub", "_missing_since_ms", "_problems", "_read", "were_read")

    def __init__(self, hub: FeedbackHub, changed: ChangeSignal, problems: Problems) -> None:
        self.were_read = False
        """Whether the caps have been read at all."""
        self._hub = hub
        self._changed = changed
        self._problems = problems
        self._read: LeverageCaps = NO_CAPS
        self._could_not_publish = False
        self._missing_since_ms: int | None = None

    def take(self, replies: Sequence[Reply], has_changed: bool) -> bool:
        """Take what the keys hold; tell whether it is to be told again, since the log does not say all of it.

        By the first reading nobody was told anything yet: it waits for nobody.

        Raises:
            redis.exceptions.RedisError: an error that no producer has caused.
        """
        if has_changed or self._hub.unpublished_caps:
            hub = self._hub
            self._read = as_keys_hold(self._read, replies, hub.now_ms(), hub.said_ms, hub.leverage_caps)
        is_missing = self._heed(at_once=not self.were_read)
        self.were_read = True
        return is_missing

    def heed(self, could_not_publish: bool) -> None:
        """Go by what was read at once, as long as this server leads and cannot publish; else whoever leads has time."""
        self._could_not_publish = could_not_publish
        self._heed()

    def _heed(self, *, at_once: bool = False) -> bool:
        hub, before = self._hub, self._hub.unpublished_caps
        hub.heed(self._read, at_once=at_once or self._could_not_publish)
        missing, now_ms = hub.unpublished_caps, hub.now_ms()
        if missing or before:
            self._changed.notify()
        self._missing_since_ms = (self._missing_since_ms or now_ms) if missing else None
        if missing and hub.was_read and hub.heeds_unpublished(now_ms) and self._is_late(now_ms):
            said = " and ".join(f"{cap.source} says {cap.value:g}" for cap in missing)
            self._problems.state(
                PROBLEM,
                f"{said}, and that is not published: this server answers with values under it; the key of the "
                "feedback may say more until the validity ends. Other problems and metrics.sync say why nothing can be "
                "written, or nobody leads",
            )
        else:
            self._problems.withdraw(PROBLEM)
        return bool(missing)

    def _is_late(self, now_ms: int) -> bool:
        """Whether whoever leads had time to publish what is missing. A server that starts goes by it before that."""
        return self._could_not_publish or now_ms - (self._missing_since_ms or now_ms) >= PUBLISHING_MS
