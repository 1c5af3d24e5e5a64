"""The parts of a report that are sentences and tables, from its findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strategic_memory_server.replay.files.column_names import POLICY_PNL
from strategic_memory_server.replay.judging.findings import JsonReport
from strategic_memory_server.replay.report import html, what_was_read
from strategic_memory_server.replay.report.axis import shown_number, shown_time

NO_COMPARISON = (
    "Rules are not compared: no trade says what each policy would have earned. Give the columns "
    f"{', '.join(POLICY_PNL)} for that. What follows is about the trades as they were made."
)


def read_part(report: JsonReport) -> Iterator[str]:
    """Say what was read, and what was not."""
    rows = report["rows"]
    yield html.heading("What was read")
    yield html.paragraph(
        f"{rows['used']:,} entries from {shown_time(rows['first_time_ms'])} to {shown_time(rows['last_time_ms'])}: "
        f"{what_was_read.counted(rows)}. Files: {', '.join(report['files'])}."
    )
    if rows["refused"]:
        yield html.paragraph(f"{rows['refused']:,} rows could not be used:", "missing")
        yield html.table(
            ("reason", "rows", "the first of them, file:line"),
            [
                (reason, f"{each['rows']:,}", ", ".join(each["first_lines"]))
                for reason, each in rows["refused_by_reason"].items()
            ],
            words=(2,),
        )
    told = (*what_was_read.tables(rows), what_was_read.of_trades(rows), *what_was_read.notes(rows))
    yield from (html.paragraph(f"{each}.", "quiet") for each in told if each)
    if stamps := report["regimes"]["candle_stamps"]:
        yield html.paragraph(f"{stamps['told']}.", "missing" if stamps["looks_ahead"] else "quiet")


def cadence_part(report: JsonReport) -> Iterator[str]:
    """Say how the advice was worked out, and how often."""
    windows = report["settings"]["windows"]
    yield html.heading("How it was worked out")
    yield html.paragraph(
        f"With the service's own computing, over its windows (the newest {windows['regime']} regime observations, "
        f"{windows['portfolio']} portfolio entries and {windows['trades']} trades), at the record's own clock: what is "
        "advised for an entry rests on entries from before its time alone. Costs of changing the policy count only as "
        "far as the file's pnl has them."
    )
    for rule, advice in report["advice"].items():
        every = "every entry" if advice["every"] == 1 else f"every {advice['every']:,} entries"
        yield html.paragraph(
            f"Advice by {rule}: worked out anew at {every} (entries of the same time count as one moment), "
            f"{advice['decisions']:,} times in all; in between the last advice holds."
        )


def rules_part(report: JsonReport) -> Iterator[str]:
    """Compare the rules, or say why that cannot be done."""
    yield html.heading("Rules compared")
    if not report["rules"]:
        yield html.paragraph(NO_COMPARISON, "missing")
        yield _performance_table({"as recorded": report["trades"]})
        return
    yield html.paragraph(
        f"Over the {report['compared_trades']:,} trades that say what each policy would have earned; a rule earns the "
        "pnl of the policy that it chose from what was known before the trade. The oracle is no rule that could be "
        "followed: it takes in each regime the policy that earned most there, with hindsight."
    )
    yield _performance_table(
        {f"{rule} (hindsight)" if each["hindsight"] else rule: each for rule, each in report["rules"].items()}
    )
    if not report["differences"]:
        return
    yield html.paragraph(
        "Differences of mean pnl with 95 % intervals from a circular block bootstrap. "
        + (f"The best fixed policy, {report['best_fixed']}, is known with hindsight. " if report["best_fixed"] else "")
        + "Where the interval holds 0, no difference is shown: it can be chance. And of so many comparisons one in "
        "twenty is shown by chance alone."
    )
    yield html.table(
        ("rule", "against", "what it says", "difference", "95 % interval"),
        [
            (each["rule"], each["against"], each["statement"], shown_number(each["mean"]), _interval(each["interval"]))
            for each in report["differences"]
        ],
        words=(2,),
    )


def advice_part(report: JsonReport) -> Iterator[str]:
    """Summarise the advice over time."""
    yield html.heading("Advice over time")
    yield html.paragraph(
        "Share of the time for which each policy was advised, and what is advised after the last entry."
    )
    yield html.table(
        ("rules", "CONSERVATIVE", "BALANCED", "AGGRESSIVE", "no advice", "changes", "now", "about", "confidence"),
        [
            (
                rule,
                *(_percent(share) for share in advice["share_of_time"].values()),
                _percent(advice["share_without_advice"]),
                f"{advice['changes']:,}",
                advice["now"]["policy"],
                advice["now"]["regime"] or "-",
                _number(advice["now"]["confidence"]),
            )
            for rule, advice in report["advice"].items()
        ],
    )
    yield html.paragraph("While there is no advice the service says CONSERVATIVE, and that is counted so.", "quiet")


def groups_part(report: JsonReport) -> Iterator[str]:
    """Yield the figures of the recorded trades by regime and policy."""
    yield html.heading("Trades as recorded, by regime and policy")
    groups = report["trades"]["groups"]
    if not groups:
        yield html.paragraph("There are no trades in the record.", "missing")
        return
    yield html.table(
        ("regime", "policy", *_HEADINGS),
        [(each["regime"], each["policy"] or "all", *_performance_cells(each["performance"])) for each in groups],
    )
    if report["trades"]["regimes_left_out"]:
        yield html.paragraph(
            f"{report['trades']['regimes_left_out']:,} regimes with fewer trades are left out.", "quiet"
        )


def transitions_part(report: JsonReport) -> Iterator[str]:
    """Show how regimes follow each other."""
    yield html.heading("How regimes follow each other")
    found = report["regimes"]["transitions"]
    if found is None or len(found["regimes"]) < 2:
        yield html.paragraph(
            "There are fewer than two regimes in the record, or more than a table can hold.", "missing"
        )
        return
    yield html.paragraph(
        "Probability of the next regime (columns) after each regime (rows), smoothed; a dark diagonal means that "
        "regimes last. In brackets: steps seen."
    )
    if len(found["regimes"]) > _MOST_IN_TABLE:
        yield html.paragraph(
            f"Shown are {_MOST_IN_TABLE} of {len(found['regimes'])} regimes; report.json has all.", "quiet"
        )
    counts = [row[:_MOST_IN_TABLE] for row in found["counts"][:_MOST_IN_TABLE]]
    chances = [None if row is None else row[:_MOST_IN_TABLE] for row in found["probabilities"][:_MOST_IN_TABLE]]
    shown = [
        [f"{'-' if row is None else format(row[place], '.1%')} ({count:,})" for place, count in enumerate(seen)]
        for row, seen in zip(chances, counts, strict=True)
    ]
    yield html.heat_table(found["regimes"][:_MOST_IN_TABLE], chances, shown)


_MOST_IN_TABLE = 12
_HEADINGS = ("trades", "mean pnl", "95 % interval", "total", "won", "Sharpe per trade", "deepest drawdown")


def _performance_table(groups: dict[str, Any]) -> str:
    return html.table(
        ("rule", *_HEADINGS), [(name, *_performance_cells(each["performance"])) for name, each in groups.items()]
    )


def _performance_cells(found: dict[str, Any]) -> tuple[str, ...]:
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
    return "-" if value is None else shown_number(value)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _interval(interval: dict[str, float] | None) -> str:
    return "-" if interval is None else f"{shown_number(interval['low'])} to {shown_number(interval['high'])}"
