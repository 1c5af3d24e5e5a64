"""Findings: every figure of a replay, as plain values that JSON can hold."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from strategic_memory_server.figures.breakdown import breakdown
from strategic_memory_server.figures.judged_runs import RUN_TRADES
from strategic_memory_server.figures.performance import performance
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.replay.courses.course import Course
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.judging.candle_stamps import candle_stamps
from strategic_memory_server.replay.judging.compared import best_fixed
from strategic_memory_server.replay.judging.differences import differences
from strategic_memory_server.replay.judging.guard_worth import guard_worth
from strategic_memory_server.replay.judging.options import ReplayOptions
from strategic_memory_server.replay.judging.regimes_seen import RegimesSeen
from strategic_memory_server.replay.judging.reliability import reliability
from strategic_memory_server.replay.judging.replayed import Replayed, Stages
from strategic_memory_server.replay.judging.trades import Trades
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.record.record import Progress, Record

JsonReport = dict[str, Any]


def findings(replayed: Replayed, options: ReplayOptions, stages: Stages) -> JsonReport:
    """Work out everything that the report says in numbers."""
    record, compared = replayed.record, replayed.compared
    steps = _Steps(len(compared.rules) + len(replayed.courses) + 2, lambda share: stages("figures", share))
    trades = _figures(record, replayed.trades, steps)
    rules = {}
    for rule in compared.rules:
        rules[str(rule)] = {"hindsight": rule is Rule.ORACLE, **_figures(record, compared.trades(rule), steps)}
    judged = {}
    for rule, course in replayed.courses.items():
        judged[str(rule)] = reliability(course, replayed.judging(rule))
        steps.next()
    best = best_fixed(compared.mean_pnl, compared.rules)
    report = {
        "version": version("strategic-memory"),
        "files": [str(file) for file in options.files],
        "rows": _rows(record),
        "settings": {"windows": options.advice.windows, "evidence": options.advice.evidence},
        "trades": trades,
        "regimes": _regimes(record, replayed.regimes),
        "advice": {str(rule): _advice(course, record) for rule, course in replayed.courses.items()},
        "reliability": {"run_trades": RUN_TRADES, "rules": judged},
        "compared_trades": len(compared),
        "best_fixed": best,
        "rules": rules,
        "differences": differences(compared, best, steps.report),
    }
    if worth := guard_worth(compared):
        report["guard"] = worth
    steps.next()
    return {name: plain(part) for name, part in report.items()}


class _Steps:
    """Tells the progress of so many steps."""

    def __init__(self, steps: int, progress: Progress) -> None:
        self._steps = steps
        self._done = 0
        self._progress = progress
        self.report()

    def report(self) -> None:
        self._progress(self._done / self._steps)

    def next(self) -> None:
        self._done += 1
        self.report()


def plain(value: object) -> object:
    """Turn values into what JSON holds: data classes and named tuples into objects, codes of an enum into names."""
    if isinstance(value, enum.Enum):
        return value.name if isinstance(value, Policy) else value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def _figures(record: Record, trades: Trades, steps: _Steps) -> dict[str, object]:
    pnl, time_ms, now_ms = trades.pnl, trades.time_ms, trades.now_ms
    whole = performance(pnl, time_ms=time_ms, now_ms=now_ms, checkpoint=steps.report)
    groups = breakdown(pnl, trades.regime, trades.policy, time_ms=time_ms, now_ms=now_ms, checkpoint=steps.report)
    steps.next()
    by_group = [
        {
            "regime": record.regime_names[group.regime],
            "policy": None if group.policy is None else Policy(group.policy),
            "performance": group.performance,
            "drift": group.drift,
        }
        for group in groups.groups
    ]
    return {"performance": whole, "groups": by_group, "regimes_left_out": groups.regimes_left_out}


def _rows(record: Record) -> dict[str, object]:
    return {
        "used": len(record),
        "by_kind": {kind.name.lower(): record.by_kind[kind] for kind in Kind},
        "pnl_by_kind": {kind.name.lower(): _pnl_of(record, kind) for kind in Kind},
        "usual_pnl": _usual_pnl(record.entries),
        "tells_policies": bool((record.entries.policy >= 0).any() or np.isfinite(record.entries.policy_pnl).any()),
        "trades_with": _trades_with(record.entries, record.regime_names.index(UNKNOWN_REGIME)),
        "refused": record.rejected.rows,
        "refused_by_reason": record.rejected.by_reason,
        "notes": record.notes,
        "look_alike": record.look_alike,
        "tables": record.tables,
        "written": record.written,
        "first_time_ms": record.first_time_ms,
        "last_time_ms": record.last_time_ms,
    }


def _pnl_of(record: Record, kind: Kind) -> float:
    """Return what the entries of a kind earned together: what a tool that wrote the file can be compared with."""
    return float(np.nansum(record.entries.pnl[record.entries.kind == kind]))


def _usual_pnl(entries: EntryColumns) -> float | None:
    """Return the median of the size of what was earned or lost, by all entries that earned or lost something."""
    sizes = np.abs(entries.pnl[np.isfinite(entries.pnl) & (entries.pnl != 0)])
    return float(np.median(sizes)) if sizes.size else None


def _trades_with(entries: EntryColumns, unknown: int) -> dict[str, int]:
    trades = entries.kind == Kind.TRADE
    known = {
        "regime": entries.regime != unknown,
        "policy": entries.policy >= 0,
        "opening": entries.opened_ms != entries.time_ms,
    }
    return {name: int(np.count_nonzero(trades & each)) for name, each in known.items()}


def _regimes(record: Record, seen: RegimesSeen) -> dict[str, object]:
    names, matrix, total = record.regime_names, seen.transitions, int(seen.counts.sum())
    stamps = candle_stamps(record)
    return {
        "from_observations": seen.observed,
        "candle_stamps": stamps and {"told": stamps.sentence, **dataclasses.asdict(stamps)},
        "shares": {names[code]: count / total for code, count in enumerate(seen.counts.tolist()) if count},
        "dwell": {names[stay.regime]: stay for stay in seen.dwell},
        "transitions": None
        if matrix is None
        else {
            "regimes": [names[code] for code in matrix.regimes],
            "counts": matrix.counts,
            "probabilities": matrix.probabilities,
            "prior": matrix.prior,
        },
    }


def _advice(course: Course, record: Record) -> dict[str, object]:
    """Summarise the advice over time: each holds from its decision point to the next."""
    decisions = course.decisions
    lengths, policy = np.diff(decisions["time_ms"]), decisions["policy"][:-1]
    held_ms = np.zeros(len(Policy), dtype=np.int64)
    np.add.at(held_ms, policy, lengths)
    without_ms = int(lengths[~decisions["advised"][:-1]].sum())
    total_ms = int(held_ms.sum())
    last = decisions[-1]
    return {
        "every": course.every,
        "decisions": len(course),
        "share_of_time": {each.name: int(held_ms[each]) / total_ms if total_ms else None for each in Policy},
        "share_without_advice": without_ms / total_ms if total_ms else None,
        "changes": int(np.count_nonzero(np.diff(decisions["policy"]))),
        "now": {
            "policy": Policy(int(last["policy"])),
            "regime": record.regime_names[int(last["regime"])] if last["regime"] >= 0 else None,
            "confidence": float(last["confidence"]) if last["advised"] else None,
            "probability_best": dict(
                zip((each.name for each in Policy), last["probability_best"].tolist(), strict=True)
            )
            if course.has_probabilities and last["advised"]
            else None,
        },
    }
