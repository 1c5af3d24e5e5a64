"""What past advice was worth, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.text import NOT_KNOWN, name, number, plain, share, with_interval
from strategic_memory_client.values.past_advice import (
    AdviceCalibration,
    AdviceSubject,
    AfterAdvice,
    AfterRevision,
    PastAdvice,
)

CHANGES_SHOWN = 5
"""Newest changes of advice that get a row of their own."""

_SUBJECTS = {
    AdviceSubject.PREFERRED_REGIME: "preferred regime",
    AdviceSubject.CURRENT_REGIME: "current regime",
    AdviceSubject.EVIDENCE: "evidence",
}


def past_advice_tables(past: PastAdvice | None) -> Iterator[Table]:
    """Yield the tables; none where no past advice was read."""
    if past is None or not past.revisions:
        return
    yield _confidences(past)
    yield _after(past.after_revisions, past.after_changes)


def _confidences(past: PastAdvice) -> Table:
    since = f"{_minute(past.first_said)} to {_minute(past.last_said)}"
    closed = f", {past.trades_as_of_close} as of their close" if 0 < past.trades_as_of_close < past.trades else ""
    table = _table(f"Past advice: {past.revisions} revisions, {since}; {past.trades} trades after{closed}")
    for column in (
        "confidence about",
        "rules version",
        "judged",
        "mean said",
        "came true",
        "Brier",
        "ECE",
    ):
        table.add_column(column, overflow="fold")
    for each in past.calibrations:
        table.add_row(
            NOT_KNOWN if each.subject is None else _SUBJECTS[each.subject],
            Text(plain(each.version)),
            str(each.statements),
            share(_mean_said(each)),
            share(each.base_rate),
            number(each.brier_score, 3),
            share(each.expected_calibration_error),
        )
    if not any(each.statements for each in past.calibrations):
        needed = max((each.run_trades for each in past.calibrations), default=0)
        table.caption = f"One confidence is judged by {needed} trades that it is about: ask for a longer trade window."
        table.caption_justify = "left"
    return table


def _after(revisions: AfterAdvice, changes: AfterAdvice) -> Table:
    table = _table("Mean pnl before and after advice (what came after, not what it caused)")
    for column in ("advice", "since", "trades", "before", "after", "change (95 %)"):
        table.add_column(column, overflow="fold")
    for what, found in (("revisions", revisions), ("changes of advice", changes)):
        change = with_interval(found.mean_change, found.mean_change_interval, number)
        table.add_row(f"{found.compared} of {found.revisions} {what}", *(NOT_KNOWN,) * 4, change)
    for each in changes.newest[-CHANGES_SHOWN:]:
        table.add_row(*_change(each))
    return table


def _change(each: AfterRevision) -> tuple[Text, str, str, str, str, str]:
    return (
        Text(f"{plain(each.preferred_regime)} {name(each.updated_policy)}"),
        _minute(each.said),
        f"{each.trades_before} / {each.trades_after}",
        number(each.mean_pnl_before),
        number(each.mean_pnl_after),
        number(each.change),
    )


def _mean_said(judged: AdviceCalibration) -> float | None:
    if not judged.statements:
        return None
    return sum(each.statements * (each.mean_confidence or 0.0) for each in judged.bins) / judged.statements


def _minute(when: datetime | None) -> str:
    return NOT_KNOWN if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M}"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
