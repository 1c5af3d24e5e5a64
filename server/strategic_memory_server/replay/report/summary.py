"""The summary of a replay on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from strategic_memory_server.memory.shown_time import shown_time
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.judging.findings import JsonReport
from strategic_memory_server.replay.judging.options import ReplayOptions
from strategic_memory_server.replay.report import what_was_read
from strategic_memory_server.replay.report.report_files import PAGE_NAME


def summary(options: ReplayOptions, report: JsonReport, seconds: float) -> str:
    """Return the lines that say what was read, what is advised now, and where the report is."""
    parts = _read(report, seconds), _advised(report), _never_recommended(options, report), _written(options)
    return "\n".join(line for part in parts for line in part) + "\n"


def _read(report: JsonReport, seconds: float) -> Iterator[str]:
    rows = report["rows"]
    yield f"{rows['used']:,} entries replayed in {seconds:.1f} s: {what_was_read.counted(rows)}"
    yield f"  from {shown_time(rows['first_time_ms'])} to {shown_time(rows['last_time_ms'])}"
    yield from (f"  {each}" for each in what_was_read.lines(rows))
    yield from (f"  refused: {refusal}" for refusal in what_was_read.refusals(rows))
    if stamps := report["regimes"]["candle_stamps"]:
        yield f"{'WARNING. ' if stamps['looks_ahead'] else '  '}{stamps['told']}"


def _advised(report: JsonReport) -> Iterator[str]:
    for rule, advice in report["advice"].items():
        yield f"{rule} now: {_now(advice['now'])}, {advice['changes']:,} changes so far"
    for each in report["differences"]:
        yield f"{each['rule']} against {each['against']}: {each['mean']:+.4g} a trade, {each['statement']}"
    for each in report.get("guard", ()):
        worth = each["certainty_equivalent"]
        yield (
            f"drawdown guard, {each['rules']} {each['name']}: deepest drawdown {each['deepest_drawdown']:.4g}, "
            f"mean exposure {each['mean_exposure']:.2f}, "
            f"certainty equivalent {'not defined' if worth is None else f'{worth:+.4g}'}"
        )


def _never_recommended(options: ReplayOptions, report: JsonReport) -> Iterator[str]:
    evidence = replace(options.advice.evidence, change=False)
    if Rule.EVIDENCE in report["advice"] and evidence.forgets_too_fast:
        yield (
            f"evidence never leaves CONSERVATIVE: with --decay {evidence.decay:g} however many trades weigh less than "
            f"the {evidence.minimum_weight:g} that a policy needs; forget more slowly"
        )


def _now(advice: JsonReport) -> str:
    if advice["regime"] in (None, UNKNOWN_REGIME):
        return f"{advice['policy']} without a regime"
    which = "preferred" if advice["probability_best"] is None else "current"
    return f"{advice['policy']} in the {which} regime {advice['regime']}"


def _written(options: ReplayOptions) -> Iterator[str]:
    if options.advice_out:
        yield f"Advice: {options.advice_out}"
    yield f"Report: {options.out / PAGE_NAME}"
