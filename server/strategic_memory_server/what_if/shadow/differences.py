"""When two logs asked to be acted upon otherwise, and what the trades opened meanwhile say of that.

Pure. It shows what came with the advice, not what the advice has caused: the trades were made as they were made.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn, index_column
from strategic_memory_server.figures.mean_pnl import MeanPnl, mean_pnl
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.what_if.past_advice.past_revision import PastRevision

_NOTHING_ADVISED = -2

NEWEST_SHOWN = 50
"""Stretches of time of which each is shown by itself."""


class Which(enum.Enum):
    """Which of the two advices of a feedback."""

    PREFERRED = "preferred"
    CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an advice asks for."""

    regime: str
    policy: Policy
    leverage: float


@dataclass(frozen=True, slots=True)
class Divergence:
    """A time in which the two differed without a change.

    Attributes:
        since_ms: when it began, milliseconds since 1970-01-01 UTC.
        until_ms: when it ended.
        service: what the service asked for; None: nothing was known of the regime.
        shadow: what the shadow did.
        trades: trades opened meanwhile.
        mean_pnl: their mean pnl; None without one.
    """

    since_ms: int
    until_ms: int
    service: Asked | None
    shadow: Asked | None
    trades: int
    mean_pnl: float | None


@dataclass(frozen=True, slots=True)
class TradeMean:
    """Some trades: how many, and their mean pnl."""

    trades: int
    pnl: MeanPnl


@dataclass(frozen=True, slots=True)
class Differences:
    """Where the two differed, of one of the two advices.

    Attributes:
        stretches: how many stretches there were.
        share_of_time: share of the time compared, 0 to 1; None where there is none.
        as_service: trades opened while the policies differed, and made with that of the service.
        as_shadow: and those made with that of the shadow.
        as_neither: how many were made with neither.
        resized: trades opened while the leverages differed; the pnl is what each would have earned more, had it been
            sized by that of the shadow in place of that of the service.
        resized_total: the same of all of them together.
        newest: the newest stretches, oldest first.
    """

    stretches: int
    share_of_time: float | None
    as_service: TradeMean
    as_shadow: TradeMean
    as_neither: int
    resized: TradeMean
    resized_total: float
    newest: tuple[Divergence, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    """A time in which neither said anything new; `first` and `end` are places of the trades opened in it."""

    since_ms: int
    until_ms: int
    service: Asked | None
    shadow: Asked | None
    first: int
    end: int


def differences(
    service: Sequence[PastRevision],
    shadow: Sequence[PastRevision],
    memory: StrategicMemory,
    since_ms: int,
    until_ms: int,
    which: Which,
) -> Differences:
    """Compare two logs, of which each has something in force at `since_ms`.

    What was advised to a trade is what was in force when it was opened: a trade at the very time of a revision came
    before it.

    Args:
        service: what the service said, in the order of the time at which it did.
        shadow: what the shadow said, likewise.
        memory: the windows; its times are known.
        since_ms: from when on to compare, milliseconds since 1970-01-01 UTC.
        until_ms: until when.
        which: of which advice.
    """
    trades = memory.trades
    order = np.argsort(trades.opened_ms, kind="stable")
    pnl, policy, opened = trades.pnl[order], trades.policy[order], trades.opened_ms[order]
    found = _spans(service, shadow, opened, since_ms, until_ms, which)
    spans = [span for span in found if _acts(span.service) != _acts(span.shadow)]
    others = [span for span in spans if _code(span.service) != _code(span.shadow)]
    places = np.concatenate([index_column([]), *(np.arange(span.first, span.end) for span in others)])
    made, earned = policy[places], pnl[places]
    as_service = made == _over(others, [_code(span.service) for span in others])
    as_shadow = made == _over(others, [_code(span.shadow) for span in others])
    more = [pnl[span.first : span.end] * (_factor(span) - 1.0) for span in spans if _factor(span) != 1.0]
    resized = np.concatenate([np.zeros(0), *more])
    stretches = list(_stretches(spans, pnl))
    differed_ms, compared_ms = sum(each.until_ms - each.since_ms for each in stretches), until_ms - since_ms
    return Differences(
        stretches=len(stretches),
        share_of_time=differed_ms / compared_ms if compared_ms > 0 else None,
        as_service=_trades(earned[as_service]),
        as_shadow=_trades(earned[as_shadow]),
        as_neither=int(np.count_nonzero(~as_service & ~as_shadow)),
        resized=_trades(resized),
        resized_total=float(resized.sum()),
        newest=tuple(stretches[-NEWEST_SHOWN:]),
    )


def _spans(
    service: Sequence[PastRevision],
    shadow: Sequence[PastRevision],
    opened: IndexColumn,
    since_ms: int,
    until_ms: int,
    which: Which,
) -> Iterator[_Span]:
    said_ms = {one.said_ms for one in (*service, *shadow) if since_ms < one.said_ms < until_ms}
    edges = [since_ms, *sorted(said_ms), until_ms]
    places = np.searchsorted(opened, index_column(edges), side="right").tolist()
    said, shadowed = _in_force(service, edges), _in_force(shadow, edges)
    for number, (begins_ms, ends_ms) in enumerate(pairwise(edges)):
        ours, other = _asked(said[number], which), _asked(shadowed[number], which)
        yield _Span(begins_ms, ends_ms, ours, other, places[number], places[number + 1])


def _in_force(revisions: Sequence[PastRevision], times_ms: Sequence[int]) -> list[PastRevision]:
    """Return the newest revision said at each time or before."""
    said_ms = index_column([one.said_ms for one in revisions])
    places = np.searchsorted(said_ms, index_column(times_ms), side="right") - 1
    return [revisions[place] for place in places.tolist()]


def _stretches(spans: Sequence[_Span], pnl: FloatColumn) -> Iterator[Divergence]:
    """Join spans that follow each other and say the same."""
    parts = [number for number, (one, following) in enumerate(pairwise(spans), 1) if _parts(one, following)]
    for first, end in pairwise([0, *parts, len(spans)] if spans else []):
        one, last = spans[first], spans[end - 1]
        earned = pnl[one.first : last.end]
        mean = float(earned.mean()) if earned.size else None
        yield Divergence(one.since_ms, last.until_ms, one.service, one.shadow, int(earned.size), mean)


def _parts(one: _Span, following: _Span) -> bool:
    same = (one.service, one.shadow) == (following.service, following.shadow)
    return not same or one.until_ms != following.since_ms


def _over(spans: Sequence[_Span], codes: Sequence[int]) -> IndexColumn:
    """Repeat the code of each span for its trades."""
    return np.repeat(index_column(codes), [span.end - span.first for span in spans])


def _trades(pnl: FloatColumn) -> TradeMean:
    return TradeMean(int(pnl.size), mean_pnl(pnl))


def _factor(span: _Span) -> float:
    """By how much larger the shadow sizes; 1 where that is not defined."""
    if span.service is None or span.shadow is None or span.service.leverage <= 0.0:
        return 1.0
    return span.shadow.leverage / span.service.leverage


def _asked(revision: PastRevision, which: Which) -> Asked | None:
    if which is Which.PREFERRED:
        return Asked(revision.preferred_regime, revision.policy, revision.leverage)
    now = revision.current
    return None if now is None else Asked(now.regime, now.policy, now.leverage_hint)


def _acts(asked: Asked | None) -> tuple[Policy, float] | None:
    return None if asked is None else (asked.policy, asked.leverage)


def _code(asked: Asked | None) -> int:
    return _NOTHING_ADVISED if asked is None else asked.policy
