"""The parts of a report that are plots, each with what it means; where there is too little to draw, what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from strategic_memory_server.figures.judged_runs import RUN_TRADES
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.judging.reliability import reliability
from strategic_memory_server.replay.judging.replayed import Replayed
from strategic_memory_server.replay.judging.trades import Trades
from strategic_memory_server.replay.report import colours, html, plots
from strategic_memory_server.replay.report.downsample import thinned
from strategic_memory_server.replay.report.plots import Line


def equity_part(replayed: Replayed) -> Iterator[str]:
    """Show what was earned in all, and how far it fell below its highest value."""
    yield html.heading("Equity")
    drawn = [(equity, fall) for equity, fall in _equity_lines(replayed) if equity.x.size > 1]
    if not drawn:
        yield html.paragraph("Fewer than two trades: there is no course to draw.", "missing")
        return
    named = html.line_legend((equity.name, equity.colour, equity.dash) for equity, _ in drawn)
    yield html.paragraph(
        "Pnl added up from the first trade on, in the unit of the file: the higher a line, the better."
    )
    yield html.scrollable(plots.over_time([equity for equity, _ in drawn], "Cumulative pnl over time"))
    yield named
    yield html.heading("Drawdown")
    yield html.paragraph("How far each line is below its highest value so far; at 0 it has never been higher.")
    yield html.scrollable(plots.over_time([fall for _, fall in drawn], "Drawdown over time"))
    yield named


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


def timeline_part(replayed: Replayed) -> Iterator[str]:
    """Show which regime there was when."""
    names, seen = replayed.record.regime_names, replayed.regimes
    yield html.heading("Regimes over time")
    if not seen.lasting.size:
        yield html.paragraph("There are neither regime observations nor trades in the record.", "missing")
        return
    source = "observations" if seen.observed else "trades, as there are no observations of regimes"
    yield html.paragraph(
        f"The regime by the {source}; where many follow within one stroke, the one that lasted longest."
    )
    shown = colours.of_regimes(seen.counts)
    yield html.scrollable(plots.bands(seen.lasting, shown, seen.start_ms, seen.end_ms, "Regimes over time"))
    commonest = np.argsort(-seen.counts, kind="stable")[: np.count_nonzero(seen.counts)].tolist()
    named = [(names[code], shown[code]) for code in commonest[:7]]
    yield html.legend([*named, ("others", shown[commonest[7]])] if len(commonest) > 7 else named)


def probability_part(replayed: Replayed) -> Iterator[str]:
    """Show how likely each policy was the best one."""
    yield html.heading("How likely each policy was the best")
    course = replayed.courses.get(Rule.EVIDENCE) or replayed.courses.get(Rule.EXPLORING)
    if course is None:
        yield html.paragraph("The evidence was not asked for: --against evidence.", "missing")
        return
    if not np.any(replayed.trades.policy >= 0):
        yield html.paragraph(
            "No trade names its policy, so there is no evidence about any: give a column policy.", "missing"
        )
        return
    if len(course) < 3:
        yield html.paragraph("All entries are of one moment: there is no course to draw.", "missing")
        return
    yield html.paragraph(
        "Posterior probability that each policy is the best one in the regime that was present then. It jumps where "
        "the regime changes; a third each means that nothing is known."
    )
    time_ms, best = course.decisions["time_ms"], course.decisions["probability_best"]
    lines = [Line(policy.name, colours.OF_POLICY[policy], *thinned(time_ms, best[:, policy])) for policy in Policy]
    yield html.scrollable(plots.over_time(lines, "Probability of being the best policy over time", bounds=(0.0, 1.0)))
    yield html.legend([(each.name, each.colour) for each in lines])


def reliability_part(replayed: Replayed) -> Iterator[str]:
    """Show whether confidence was justified."""
    yield html.heading("Confidence said against what then happened")
    judged = []
    for rule, course in replayed.courses.items():
        found = reliability(course, replayed.judging(rule))
        if found.statements:
            judged.append((str(rule), colours.OF_RULE[rule][0], found))
    if not judged:
        yield html.paragraph(f"Nothing to judge: it takes advice and at least {RUN_TRADES} trades after it.", "missing")
        return
    earned = "under the rule" if replayed.compared.rules else "as recorded"
    yield html.paragraph(
        f"To the right the confidence before a run of {RUN_TRADES} trades, upwards the share of such runs that earned "
        f"more than 0 {earned}, with 95 % intervals. On the grey diagonal confidence was justified; below it, it was "
        "too high. The evidence speaks of the mean pnl, which so few trades show only roughly; the reference rules' "
        "confidence is a score, not a probability: 0.5 is neutral."
    )
    yield html.scrollable(plots.reliability_diagram(judged, "Confidence said against the share that came true"))
    yield html.legend([(f"{name} ({found.statements:,} runs)", colour) for name, colour, found in judged])
