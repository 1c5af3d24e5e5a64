"""The inputs that are one value each: read only when their bytes have changed.

What an unchanged value was read into, or rejected for, is kept. While the limits on leverage cannot be read, the last
cap that could be read stays in force: no fault of a producer may lift a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from redis.exceptions import NoPermissionError, ResponseError

from strategic_memory_server.inputs import input_keys as keys
from strategic_memory_server.inputs.entry_fields import RejectionError
from strategic_memory_server.inputs.json_inputs import (
    read_leverage_limits,
    read_object,
    read_policy,
    read_regime_name,
    read_regime_stats,
    salvage_leverage_cap,
)
from strategic_memory_server.inputs.rejections import RejectedInput, count_by_reason
from strategic_memory_server.memory import Context, SourceReport

ValueT = TypeVar("ValueT")


@dataclass(slots=True)
class LastCap:
    """The last cap on leverage that could be read; shared by all who read the same limits."""

    max_leverage_hint: float | None = None


@dataclass(frozen=True, slots=True)
class ReadValues:
    """What the values say: the context, what was rejected, and a report for each source."""

    context: Context
    rejected: tuple[RejectedInput, ...]
    reports: tuple[SourceReport, ...]


class ValueInputs:
    """Reads the replies to the values of `input_keys.VALUE_SOURCES`."""

    def __init__(self, last_cap: LastCap) -> None:
        self._last_cap = last_cap
        self._replies: list[Any] | None = None
        self._read = ReadValues(Context(), (), ())

    def read(self, replies: Sequence[Any]) -> ReadValues:
        """Read the replies of Redis, in the order of the sources: bytes, or an error.

        Raises:
            redis.exceptions.RedisError: an error that no producer has caused.
        """
        if replies != self._replies:
            self._read = _read_values(dict(zip(keys.VALUE_SOURCES, replies, strict=True)))
            self._replies = list(replies)
        return replace(self._read, context=self._with_lasting_cap())

    def _with_lasting_cap(self) -> Context:
        context = self._read.context
        unreadable = any(entry.source == keys.LEVERAGE_LIMITS for entry in self._read.rejected)
        if unreadable and context.max_leverage_hint is None:
            return replace(context, max_leverage_hint=self._last_cap.max_leverage_hint)
        self._last_cap.max_leverage_hint = context.max_leverage_hint
        return context


def refusal(source: str, error: Exception) -> RejectedInput:
    """Describe why Redis gave no value for a key; raise where the fault is not the key's."""
    if isinstance(error, NoPermissionError):
        return RejectedInput(source, "no_permission", str(error))
    if isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE"):
        return RejectedInput(source, "wrong_type", "the key holds another Redis type")
    raise error


def _read_values(replies: dict[str, Any]) -> ReadValues:
    rejected: list[RejectedInput] = []

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

    limits, cap = value(keys.LEVERAGE_LIMITS, read_leverage_limits) or (None, None)
    if limits is None and isinstance(stored := replies[keys.LEVERAGE_LIMITS], bytes):
        cap = salvage_leverage_cap(stored)
    context = Context(
        governance_policy=value(keys.GOVERNANCE_POLICY, read_policy),
        governance_preferred_regime=value(keys.GOVERNANCE_PREFERRED_REGIME, read_regime_name),
        regime_stats=value(keys.GOVERNANCE_REGIME_STATS, read_regime_stats),
        exposure_summary=value(keys.EXPOSURE_SUMMARY, read_object),
        leverage_limits=limits,
        exit_statistics=value(keys.EXIT_STATISTICS, read_object),
        max_leverage_hint=cap,
    )
    reports = []
    for source, reply in replies.items():
        refused = count_by_reason(rejected, source)
        reports.append(SourceReport(source, int(bool(reply) and not refused), refused))
    return ReadValues(context, tuple(rejected), tuple(reports))
