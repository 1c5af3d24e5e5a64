"""Caps on leverage that this server has read and the log does not say: what is served stays below them all the same."""

from __future__ import annotations

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub

PROBLEM = "cap_not_in_force"


class UnpublishedCaps:
    """Tells the hub of caps that were read, and operators of those that do not get into the log.

    Args:
        hub: knows what the log says, and serves it.
        changed: is notified when that changes what is served.
        problems: is told.
    """

    def __init__(self, hub: FeedbackHub, changed: ChangeSignal, problems: Problems) -> None:
        self._hub = hub
        self._changed = changed
        self._problems = problems

    def heed(self, read: LeverageCaps, wait_s: float, at_once: bool) -> bool:
        """Take note of caps; tell whether it is to be told again, since the log does not say all of them.

        Args:
            read: caps as the keys hold them.
            wait_s: how long whoever leads has to publish one, seconds.
            at_once: nobody is waited for: this server leads and could not publish them.
        """
        hub, before = self._hub, self._hub.unpublished_caps
        hub.heed(read, round(wait_s * 1000), at_once=at_once)
        missing, now_ms = hub.unpublished_caps, hub.now_ms()
        if missing or before:
            self._changed.notify()
        if missing and hub.was_read and hub.heeds_unpublished(now_ms):
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
