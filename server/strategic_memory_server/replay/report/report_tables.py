"""The cells of the tables of a report, from its findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from strategic_memory_server.replay.judging.findings import JsonReport
from strategic_memory_server.replay.report.axis import shown_number

ABSENT = "-"
"""What a cell says where there is nothing to say."""

Row = Sequence[str]

_MOST_IN_MATRIX = 12


def refused(report: JsonReport) -> list[Row]:
    """Return for each reason how many rows were refused, and where the first of them are."""
    reasons = report["rows"]["refused_by_reason"].items()
    return [(reason, f"{each['rows']:,}", ", ".join(each["first_lines"])) for reason, each in reasons]


def rules(report: JsonReport) -> list[Row]:
    """Return what each rule earned; where rules are not compared, what the trades did as they were made."""
    named = {f"{rule} (hindsight)" if each["hindsight"] else rule: each for rule, each in report["rules"].items()}
    named = named or {"as recorded": report["trades"]}
    return [(name, *_performance(each["performance"])) for name, each in named.items()]


def differences(report: JsonReport) -> list[Row]:
    """Return how the mean pnl of two rules differs."""
    return [
        (each["rule"], each["against"], each["statement"], shown_number(each["mean"]), _interval(each["interval"]))
        for each in report["differences"]
    ]


def guard(report: JsonReport) -> list[Row]:
    """Return what came of the trades of each of the rules that are compared with the drawdown guard, and without."""
    names = ("mean_exposure", "mean_pnl", "deepest_drawdown", "certainty_equivalent")
    return [(each["rules"], each["name"], *(_number(each[name]) for name in names)) for each in report.get("guard", ())]


def advised(report: JsonReport) -> list[Row]:
    """Return for how much of the time each policy was advised, and what is advised now."""
    return [
        (
            rule,
            *(_percent(share) for share in advice["share_of_time"].values()),
            _percent(advice["share_without_advice"]),
            f"{advice['changes']:,}",
            advice["now"]["policy"],
            advice["now"]["regime"] or ABSENT,
            _number(advice["now"]["confidence"]),
        )
        for rule, advice in report["advice"].items()
    ]


def groups(report: JsonReport) -> list[Row]:
    """Return the figures of the recorded trades by regime and policy."""
    found = report["trades"]["groups"]
    return [(each["regime"], each["policy"] or "all", *_performance(each["performance"])) for each in found]


class TransitionMatrix(NamedTuple):
    """How regimes follow each other: of so many of them the commonest, each with a cell for each, and its colours."""

    of: int
    rows: Mapping[str, Sequence[tuple[str, str]]]


def transitions(report: JsonReport) -> TransitionMatrix | None:
    """Return the matrix, the darker the nearer a probability is to 1; None for fewer than two regimes."""
    found = report["regimes"]["transitions"]
    if found is None or len(found["regimes"]) < 2:
        return None
    shown = slice(_MOST_IN_MATRIX)
    rows = zip(found["regimes"][shown], found["counts"], found["probabilities"], strict=False)
    return TransitionMatrix(
        len(found["regimes"]),
        {name: list(map(_chance, (chances or [None] * len(counts))[shown], counts)) for name, counts, chances in rows},
    )


def _chance(chance: float | None, steps: int) -> tuple[str, str]:
    # From white to the blue of Okabe and Ito, on which white letters are read well near its end alone.
    share = chance or 0.0
    red, green, blue = (round(255 + (end - 255) * share) for end in (0, 114, 178))
    ink = "#fff" if share > 0.93 else "#000"
    return f"{_percent(chance)} ({steps:,})", f"background:rgb({red},{green},{blue});color:{ink}"


def _performance(found: Mapping[str, Any]) -> Row:
    mean, drawdown = found["mean_pnl"]["mean"], found["drawdown"]
    return (
        f"{found['trades']:,}",
        _number(mean),
        _interval(found["mean_pnl"]["interval"]),
        _number(None if mean is None else mean * found["trades"]),
        _percent(found["win_rate"]["rate"]),
        _number(found["sharpe"]["ratio"]),
        _number(None if drawdown is None else drawdown["depth"]),
    )


def _number(value: float | None) -> str:
    return ABSENT if value is None else shown_number(value)


def _percent(share: float | None) -> str:
    return ABSENT if share is None else f"{share:.1%}"


def _interval(interval: Mapping[str, float] | None) -> str:
    return ABSENT if interval is None else f"{shown_number(interval['low'])} to {shown_number(interval['high'])}"
