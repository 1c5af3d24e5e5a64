"""Findings: every figure of a replay, as plain values that JSON can hold."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from strategic_memory_server.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.breakdown import breakdown
from strategic_memory_server.figures.dwell import dwell
from strategic_memory_server.figures.performance import performance
from strategic_memory_server.figures.transitions import transitions
from strategic_memory_server.policy import Policy
from strategic_memory_server.replay.course import Course
from strategic_memory_server.replay.differences import Difference, difference
from strategic_memory_server.replay.entry_columns import Kind
from strategic_memory_server.replay.options import ReplayOptions
from strategic_memory_server.replay.record import Record
from strategic_memory_server.replay.reliability import RUN_TRADES, judged_trades, reliability
from strategic_memory_server.replay.replayed import Replayed, Stages
from strategic_memory_server.replay.rules import Rule, best_fixed

JsonReport = dict[str, Any]


def findings(replayed: Replayed, options: ReplayOptions, stages: Stages) -> JsonReport:
    """Work out everything that the report says in numbers."""
    record = replayed.record
    stages("figures", 0.0)
    traded = np.flatnonzero(record.entries.kind == Kind.TRADE)
    rules = {}
    for number, (rule, choice) in enumerate(replayed.choices.items()):
        rules[str(rule)] = {
            "hindsight": rule is Rule.ORACLE,
            **_figures(record, replayed.trades.earned(choice), replayed.trades.regime, choice, replayed.trades.time_ms),
        }
        stages("figures", (number + 1) / (len(replayed.choices) + 1))
    judged = {
        str(rule): reliability(course, *judged_trades(replayed, rule)) for rule, course in replayed.courses.items()
    }
    report = {
        "version": version("strategic-memory"),
        "files": [str(file) for file in options.files],
        "rows": _rows(record),
        "settings": {"windows": options.sync.windows, "evidence": options.evidence},
        "trades": _figures(
            record,
            record.entries.pnl[traded],
            record.entries.regime[traded].astype(np.int64),
            record.entries.policy[traded].astype(np.int64),
            record.entries.time_ms[traded],
        ),
        "regimes": _regimes(record),
        "advice": {str(rule): _advice(course, record) for rule, course in replayed.courses.items()},
        "reliability": {"run_trades": RUN_TRADES, "rules": judged},
        "compared_trades": replayed.trades.places.size,
        "best_fixed": best_fixed(replayed.trades, replayed.choices),
        "rules": rules,
        "differences": differences(replayed),
    }
    stages("figures", 1.0)
    return {name: plain(part) for name, part in report.items()}


def differences(replayed: Replayed) -> list[Difference]:
    """Compare each rule with the reference rules, and with the best fixed policy."""
    choices, trades = replayed.choices, replayed.trades
    against = [Rule.REFERENCE] if Rule.REFERENCE in choices else []
    best = best_fixed(trades, choices)
    if best is not None:
        against.append(best)
    found: list[Difference] = []
    for other in against:
        base = trades.earned(choices[other])
        found.extend(
            difference(rule, other, trades.earned(choice), base)
            for rule, choice in choices.items()
            if rule is not other
        )
    return found


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


def _figures(
    record: Record, pnl: FloatColumn, regime: IndexColumn, policy: IndexColumn, time_ms: IndexColumn
) -> dict[str, object]:
    now_ms = int(record.entries.time_ms[-1])
    groups = breakdown(pnl, regime, policy, time_ms=time_ms, now_ms=now_ms)
    by_group = [
        {
            "regime": record.regime_names[group.regime],
            "policy": None if group.policy is None else Policy(group.policy),
            "performance": group.performance,
            "drift": group.drift,
        }
        for group in groups.groups
    ]
    return {
        "performance": performance(pnl, time_ms=time_ms, now_ms=now_ms),
        "groups": by_group,
        "regimes_left_out": groups.regimes_left_out,
    }


def _rows(record: Record) -> dict[str, object]:
    entries = record.entries
    return {
        "used": len(record),
        "by_kind": {kind.name.lower(): int(np.count_nonzero(entries.kind == kind)) for kind in Kind},
        "refused": record.rejected.rows,
        "refused_by_reason": record.rejected.by_reason,
        "notes": record.notes,
        "first_time_ms": int(entries.time_ms[0]),
        "last_time_ms": int(entries.time_ms[-1]),
    }


def regime_course(record: Record) -> tuple[IndexColumn, IndexColumn]:
    """Give times and regimes of the observations; of the trades where none is observed."""
    entries = record.entries
    places = np.flatnonzero(entries.kind == Kind.REGIME)
    if not places.size:
        places = np.flatnonzero(entries.kind == Kind.TRADE)
    return entries.time_ms[places], entries.regime[places].astype(np.int64)


def _regimes(record: Record) -> dict[str, object]:
    time_ms, regime = regime_course(record)
    matrix = transitions(regime)
    codes, counts = np.unique(regime, return_counts=True)
    stays = () if matrix is None or not regime.size else dwell(regime, matrix, time_ms)
    return {
        "from_observations": bool(np.any(record.entries.kind == Kind.REGIME)),
        "shares": {
            record.regime_names[code]: count / regime.size
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
        },
        "dwell": {record.regime_names[stay.regime]: stay for stay in stays},
        "transitions": None
        if matrix is None or not regime.size
        else {
            "regimes": [record.regime_names[code] for code in matrix.regimes],
            "counts": matrix.counts,
            "probabilities": matrix.probabilities,
            "prior": matrix.prior,
        },
    }


def _advice(course: Course, record: Record) -> dict[str, object]:
    """Summarise the advice over time: each holds from its decision point to the next."""
    times = record.entries.time_ms[np.minimum(course.points, len(record) - 1)]
    held_ms = np.diff(times)
    total_ms = int(held_ms.sum())
    policy = course.policy[:-1]
    last = int(course.policy.size) - 1
    regime = int(course.regime[last])
    return {
        "every": course.every,
        "decisions": int(course.points.size),
        "share_of_time": {
            each.name: int(held_ms[policy == each].sum()) / total_ms if total_ms else None for each in Policy
        },
        "share_without_advice": int(held_ms[~course.advised[:-1]].sum()) / total_ms if total_ms else None,
        "changes": int(np.count_nonzero(np.diff(course.policy))),
        "now": {
            "policy": Policy(int(course.policy[last])),
            "regime": record.regime_names[regime] if regime >= 0 else None,
            "confidence": float(course.confidence[last]) if course.advised[last] else None,
            "probability_best": None
            if course.probability_best is None
            else {each.name: float(course.probability_best[last, each]) for each in Policy},
        },
    }
