"""ShadowReport: what a service and its shadow have said, where that differed, and what it was worth.

Pure. Both are judged by the same trades, over the time for which both have said something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on
from strategic_memory_server.what_if.past_advice.log_reader import PastRevisions
from strategic_memory_server.what_if.past_advice.past_advice import PastAdvice, judge_past_advice
from strategic_memory_server.what_if.past_advice.past_revision import PastRevision
from strategic_memory_server.what_if.shadow.differences import Differences, Which, differences


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """A service and its shadow.

    Attributes:
        since_ms: from when on both have said something, milliseconds since 1970-01-01 UTC.
        until_ms: until when they are compared.
        service: what the advice of the service was worth.
        shadow: what that of the shadow would have been.
        preferred: where they differed in the advice for the preferred regime.
        current: where in that for the current one.
    """

    since_ms: int
    until_ms: int
    service: PastAdvice
    shadow: PastAdvice
    preferred: Differences
    current: Differences


def compare(
    service: PastRevisions,
    shadow: PastRevisions,
    memory: StrategicMemory,
    until_ms: int,
    checkpoint: Checkpoint = go_on,
) -> ShadowReport | None:
    """Compare what was read of the two logs; None where there is no time for which both have said something.

    Args:
        service: what the service said.
        shadow: what the shadow said; of revisions before its settings were changed last, none counts.
        memory: the windows; its times are known.
        until_ms: until when, milliseconds since 1970-01-01 UTC.
        checkpoint: called now and then.
    """
    shadowed = _of_newest_settings(shadow.revisions)
    if not service.revisions or not shadowed:
        return None
    since_ms = max(service.revisions[0].said_ms, shadowed[0].said_ms)
    if since_ms >= until_ms:
        return None
    said, shadowed = _since(service.revisions, since_ms), _since(shadowed, since_ms)
    return ShadowReport(
        since_ms,
        until_ms,
        judge_past_advice(said, service.left_out, memory, checkpoint),
        judge_past_advice(shadowed, shadow.left_out, memory, checkpoint),
        *(differences(said, shadowed, memory, since_ms, until_ms, which) for which in Which),
    )


def _of_newest_settings(revisions: Sequence[PastRevision]) -> Sequence[PastRevision]:
    """Return those said under the settings of the newest: every epoch starts with what names them."""
    if not revisions:
        return ()
    settings = revisions[-1].epoch.partition("-")[0]
    return [one for one in revisions if one.epoch.partition("-")[0] == settings]


def _since(revisions: Sequence[PastRevision], since_ms: int) -> list[PastRevision]:
    """Return what was in force at a time, as if it was said then, and what was said after it."""
    before = [one for one in revisions if one.said_ms <= since_ms]
    return [replace(before[-1], said_ms=since_ms), *revisions[len(before) :]]
