"""The inputs that are one value each: read only when their bytes have changed.

What an unchanged value was read into, or rejected for, is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.entries.entry_fields import RejectionError
from strategic_memory_server.entries.notes import LEVERAGE_CAP_LIFTED, LEVERAGE_CAP_MISSPELT
from strategic_memory_server.entries.rejections import RejectedInput, count_by_reason, examples_by_reason, refusal
from strategic_memory_server.inputs.json_inputs import (
    MAX_BYTES,
    read_object,
    read_policy,
    read_regime_name,
    read_regime_stats,
)
from strategic_memory_server.inputs.leverage_caps import (
    CAP_COMMANDS,
    CAP_SOURCES,
    CAP_VALUES,
    CapReading,
    HeldCaps,
    cap_commands,
    read_caps,
)
from strategic_memory_server.memory.strategic_memory import Context, SourceReport
from strategic_memory_server.redis_access.round_trip import packed

_OTHERS = tuple(source for source in keys.VALUE_SOURCES if source not in CAP_SOURCES)

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class ReadValues:
    """What the values say: the context, what was rejected, and a report for each source."""

    context: Context
    rejected: tuple[RejectedInput, ...]
    reports: tuple[SourceReport, ...]


class ValueInputs:
    """Reads the replies to `commands`.

    Args:
        held: the caps on leverage in force; each reading is taken over there.
        granted_s: how long values other than caps are taken for granted once they were read, seconds.
    """

    def __init__(self, held: HeldCaps, granted_s: float = 0.0) -> None:
        self._held = held
        self._granted_s = granted_s
        self._granted_until_s = -math.inf
        self._replies: list[Any] | None = None
        self._read = ReadValues(Context(), (), ())
        self._caps: Mapping[str, CapReading] = {}

    def read(self, replies: Sequence[Any]) -> ReadValues:
        """Read the replies of Redis to `commands`: bytes, a number for whether a key is there, or an error.

        Raises:
            redis.exceptions.RedisError: an error that no producer has caused.
        """
        if replies != self._replies:
            # All of it or nothing: caps must not stand beside replies that they are not from.
            caps = read_caps(replies[:CAP_COMMANDS])
            self._read = _read_values(dict(zip(_OTHERS, replies[CAP_COMMANDS:], strict=True)), caps)
            self._caps, self._replies = caps, list(replies)
        return self._as_read()

    def are_granted(self, now_s: float) -> bool:
        """Tell whether values other than caps are taken for granted at a time by `time.monotonic`."""
        return now_s < self._granted_until_s

    def take(self, replies: Sequence[Any], asked_s: float) -> ReadValues:
        """Read replies to `commands` that were asked for at a time by `time.monotonic`; errors as for `read`."""
        self._granted_until_s = asked_s + self._granted_s
        return self.read(replies)

    def caps_have_changed(self, replies: Sequence[Any], asked_s: float) -> bool:
        """Tell by replies to `commands`, or to those for caps alone, whether other caps are there than those in force.

        What else was asked for is taken over, unless they are; errors as for `read`.
        """
        if self._would_change_caps(replies[:CAP_COMMANDS]):
            self._granted_until_s = -math.inf
            return True
        if len(replies) > CAP_COMMANDS:
            self.take(replies, asked_s)
        return False

    def read_caps_alone(self, replies: Sequence[Any]) -> ReadValues | None:
        """Read replies to the first `CAP_VALUES` commands; None: they have changed, so the rest has to be read too."""
        if self._replies is None or replies != self._replies[:CAP_VALUES]:
            return None
        return self._as_read()

    def _as_read(self) -> ReadValues:
        context = replace(self._read.context, leverage_caps=self._held.take(self._caps))
        return replace(self._read, context=context, reports=tuple(map(self._noted, self._read.reports)))

    def _would_change_caps(self, replies: Sequence[Any]) -> bool:
        known = None if self._replies is None else self._replies[:CAP_COMMANDS]
        return self._held.would_change(self._caps if list(replies) == known else read_caps(replies))

    def _noted(self, report: SourceReport) -> SourceReport:
        reading, notes = self._caps.get(report.source), {}
        if reading and reading.nearest:
            notes[LEVERAGE_CAP_MISSPELT] = 1
        if report.source in self._held.lifted:
            notes[LEVERAGE_CAP_LIFTED] = 1
        return replace(report, noted=notes) if notes else report


def commands(prefix: str) -> list[bytes]:
    """Return the commands that read the values: no more of each than is needed to see that it is too large.

    Another program may have put anything there.
    """
    return [*cap_commands(prefix), *(packed("GETRANGE", keys.key_of(prefix, each), 0, MAX_BYTES) for each in _OTHERS)]


def _read_values(replies: dict[str, Any], caps: Mapping[str, CapReading]) -> ReadValues:
    rejected = [reading.rejected for reading in caps.values() if reading.rejected]

    def value(source: str, read: Callable[[bytes], ValueT]) -> ValueT | None:
        reply = replies[source]
        if not reply:
            return None
        if isinstance(reply, Exception):
            rejected.append(refusal(source, reply))
            return None
        try:
            return read(reply)
        except RejectionError as refused:
            rejected.append(RejectedInput(source, refused.reason, refused.excerpt, content_hash=hash(reply)))
            return None

    context = Context(
        governance_policy=value(keys.GOVERNANCE_POLICY, read_policy),
        governance_preferred_regime=value(keys.GOVERNANCE_PREFERRED_REGIME, read_regime_name),
        regime_stats=value(keys.GOVERNANCE_REGIME_STATS, read_regime_stats),
        exposure_summary=caps[keys.EXPOSURE_SUMMARY].document,
        leverage_limits=caps[keys.LEVERAGE_LIMITS].document,
        exit_statistics=value(keys.EXIT_STATISTICS, read_object),
    )
    there = {**replies, **{source: reading.document is not None for source, reading in caps.items()}}
    reports = []
    for source in keys.VALUE_SOURCES:
        refused, examples = count_by_reason(rejected, source), examples_by_reason(rejected, source)
        reports.append(SourceReport(source, int(bool(there[source]) and not refused), refused, examples=examples))
    return ReadValues(context, tuple(rejected), tuple(reports))
