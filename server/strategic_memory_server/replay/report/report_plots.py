"""The plots of a report, each with what it means; where there is too little to draw, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from strategic_memory_server.figures.judged_runs import RUN_TRADES
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.judging.reliability import reliability as judged_reliability
from strategic_memory_server.replay.judging.replayed import Replayed
from strategic_memory_server.replay.judging.trades import Trades
from strategic_memory_server.replay.report import colours, plots
from strategic_memory_server.replay.report.downsample import thinned
from strategic_memory_server.replay.report.plots import Line


class Plot(NamedTuple):
    """A plot under its heading, and what is said of it: what it means, or why there is none."""

    heading: str
    said: str
    svg: str = ""
    legend: Iterable[tuple[str, str]] = ()
    """Names, each with the CSS of what stands beside it."""


def equity(replayed: Replayed) -> list[Plot]:
    """Show what was earned in all, and how far it fell below its highest value."""
    drawn = [(equity, fall) for equity, fall in _equity_lines(replayed) if equity.x.size > 1]
    if not drawn:
        return [Plot("Equity", "Fewer than two trades: there is no course to draw.")]
    named = line_legend((equity.name, equity.colour, equity.dash) for equity, _ in drawn)
    return [
        Plot(
            "Equity",
            "Pnl added up from the first trade on, in the unit of the file: the higher a line, the better.",
            plots.over_time([equity for equity, _ in drawn], "Cumulative pnl over time"),
            named,
        ),
        Plot(
            "Drawdown",
            "How far each line is below its highest value so far; at 0 it has never been higher.",
            plots.over_time([fall for _, fall in drawn], "Drawdown over time"),
            named,
        ),
    ]


def _equity_lines(replayed: Replayed) -> Iterator[tuple[Line, Line]]:
    """Yield cumulative pnl and drawdown under each rule; where rules are not compared, as recorded."""
    for rule in replayed.compared.rules:
        name = f"{rule} (hindsight)" if rule is Rule.ORACLE else str(rule)
        yield _lines(name, colours.OF_RULE[rule], replayed.compared.trades(rule))
    if not replayed.compared.rules:
        yield _lines("as recorded", colours.OF_RULE[Rule.REFERENCE], replayed.trades)


def _lines(name: str, look: tuple[str, str], trades: Trades) -> tuple[Line, Line]:
    equity = trades.pnl.cumsum()
    fallen = equity - np.maximum.accumulate(np.maximum(equity, 0.0))
    colour, dash = look
    return (
        Line(name, colour, *thinned(trades.time_ms, equity), dash),
        Line(name, colour, *thinned(trades.time_ms, fallen), dash),
    )


def timeline(replayed: Replayed) -> Plot:
    """Show which regime there was when."""
    names, seen, heading = replayed.record.regime_names, replayed.regimes, "Regimes over time"
    if not seen.lasting.size:
        return Plot(heading, "There are neither regime observations nor trades in the record.")
    source = "observations" if seen.observed else "trades, as there are no observations of regimes"
    shown = colours.of_regimes(seen.counts)
    commonest = np.argsort(-seen.counts, kind="stable")[: np.count_nonzero(seen.counts)].tolist()
    named = [(names[code], shown[code]) for code in commonest[:7]]
    return Plot(
        heading,
        f"The regime by the {source}; where many follow within one stroke, the one that lasted longest.",
        plots.bands(seen.lasting, shown, seen.start_ms, seen.end_ms, heading),
        legend([*named, ("others", shown[commonest[7]])] if len(commonest) > 7 else named),
    )


def probability(replayed: Replayed) -> Plot:
    """Show how likely each policy was the best one."""
    heading = "How likely each policy was the best"
    by_evidence = (Rule.EVIDENCE, Rule.EXPLORING, Rule.CHANGE)
    course = next((replayed.courses[rule] for rule in by_evidence if rule in replayed.courses), None)
    if course is None:
        return Plot(heading, "The evidence was not asked for: --against evidence.")
    if not np.any(replayed.trades.policy >= 0):
        return Plot(heading, "No trade names its policy, so there is no evidence about any: give a column policy.")
    if len(course) < 3:
        return Plot(heading, "All entries are of one moment: there is no course to draw.")
    time_ms, best = course.decisions["time_ms"], course.decisions["probability_best"]
    lines = [Line(policy.name, colours.OF_POLICY[policy], *thinned(time_ms, best[:, policy])) for policy in Policy]
    return Plot(
        heading,
        "Posterior probability that each policy is the best one in the regime that was present then. It jumps where "
        "the regime changes; a third each means that nothing is known.",
        plots.over_time(lines, "Probability of being the best policy over time", bounds=(0.0, 1.0)),
        legend((each.name, each.colour) for each in lines),
    )


def reliability(replayed: Replayed) -> Plot:
    """Show whether confidence was justified."""
    heading, judged = "Confidence said against what then happened", []
    for rule, course in replayed.courses.items():
        found = judged_reliability(course, replayed.judging(rule))
        if found.statements:
            judged.append((str(rule), colours.OF_RULE[rule][0], found))
    if not judged:
        return Plot(heading, f"Nothing to judge: it takes advice and at least {RUN_TRADES} trades after it.")
    earned = "under the rule" if replayed.compared.rules else "as recorded"
    return Plot(
        heading,
        f"To the right the confidence before a run of {RUN_TRADES} trades, upwards the share of such runs that earned "
        f"more than 0 {earned}, with 95 % intervals. On the grey diagonal confidence was justified; below it, it was "
        "too high. The evidence speaks of the mean pnl, which so few trades show only roughly; the reference rules' "
        "confidence is a score, not a probability: 0.5 is neutral.",
        plots.reliability_diagram(judged, "Confidence said against the share that came true"),
        legend((f"{name} ({found.statements:,} runs)", colour) for name, colour, found in judged),
    )


def legend(entries: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the legend of a plot, from names and their colours."""
    return [(name, f"background:{colour}") for name, colour in entries]


def line_legend(entries: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Return the legend of a plot of lines: names, colours, and dashes as SVG has them, those up to 2 long for dots."""
    style = "height:0;border:0;border-top:3px {} {};vertical-align:middle;width:24px"
    return [(name, style.format(_stroke(dash), colour)) for name, colour, dash in entries]


def _stroke(dash: str) -> str:
    if not dash:
        return "solid"
    return "dotted" if int(dash.split(maxsplit=1)[0]) <= 2 else "dashed"
