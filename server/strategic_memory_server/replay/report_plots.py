"""The parts of a report that are plots, each with what it means; where there is too little to draw, what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from strategic_memory_server.columns import FloatColumn, IndexColumn
from strategic_memory_server.policy import Policy
from strategic_memory_server.replay import colours, html, plots
from strategic_memory_server.replay.entry_columns import Kind
from strategic_memory_server.replay.findings import regime_course
from strategic_memory_server.replay.plots import Line, thinned
from strategic_memory_server.replay.reliability import RUN_TRADES, judged_trades, reliability
from strategic_memory_server.replay.replayed import Replayed
from strategic_memory_server.replay.rules import Rule


def equity_part(replayed: Replayed) -> Iterator[str]:
    """Show what was earned in all, and how far it fell below its highest value."""
    yield html.heading("Equity")
    drawn = [(equity, fall) for equity, fall in _equity_lines(replayed) if equity.x.size > 1]
    if not drawn:
        yield html.paragraph("Fewer than two trades: there is no course to draw.", "missing")
        return
    named = html.legend((equity.name, equity.colour) for equity, _ in drawn)
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
    """Give cumulative pnl and drawdown under each rule; where rules are not compared, as recorded."""
    for rule, choice in replayed.choices.items():
        name = f"{rule} (hindsight)" if rule is Rule.ORACLE else str(rule)
        yield _lines(name, colours.OF_RULE[rule], replayed.trades.time_ms, replayed.trades.earned(choice))
    if not replayed.choices:
        entries = replayed.record.entries
        traded = np.flatnonzero(entries.kind == Kind.TRADE)
        yield _lines("as recorded", colours.OF_RULE[Rule.REFERENCE], entries.time_ms[traded], entries.pnl[traded])


def _lines(name: str, look: tuple[str, str], time_ms: IndexColumn, pnl: FloatColumn) -> tuple[Line, Line]:
    equity = np.cumsum(pnl)
    below = equity - np.maximum(np.maximum.accumulate(equity), 0.0)
    colour, dash = look
    return thinned(Line(name, colour, time_ms, equity, dash)), thinned(Line(name, colour, time_ms, below, dash))


def timeline_part(replayed: Replayed) -> Iterator[str]:
    """Show which regime there was when."""
    record = replayed.record
    time_ms, regime = regime_course(record)
    yield html.heading("Regimes over time")
    if not regime.size:
        yield html.paragraph("There are neither regime observations nor trades in the record.", "missing")
        return
    observed = bool(np.any(record.entries.kind == Kind.REGIME))
    source = "observations" if observed else "trades, as there are no observations of regimes"
    yield html.paragraph(
        f"The regime by the {source}; where many follow within one stroke, the one that lasted longest."
    )
    shown = colours.of_regimes(regime, len(record.regime_names))
    yield html.scrollable(plots.bands(time_ms, regime, shown, int(record.entries.time_ms[-1]), "Regimes over time"))
    seen = np.argsort(-np.bincount(regime, minlength=len(shown)), kind="stable")[: np.unique(regime).size].tolist()
    named = [(record.regime_names[code], shown[code]) for code in seen[:7]]
    yield html.legend([*named, ("others", shown[seen[7]])] if len(seen) > 7 else named)


def probability_part(replayed: Replayed) -> Iterator[str]:
    """Show how likely each policy was the best one."""
    yield html.heading("How likely each policy was the best")
    course = replayed.courses.get(Rule.EVIDENCE)
    if course is None or course.probability_best is None:
        yield html.paragraph("The evidence was not asked for: --against evidence.", "missing")
        return
    if not np.any(replayed.record.entries.policy >= 0):
        yield html.paragraph(
            "No trade names its policy, so there is no evidence about any: give a column policy.", "missing"
        )
        return
    times = replayed.record.entries.time_ms[np.minimum(course.points, len(replayed.record) - 1)]
    if times.size < 3:
        yield html.paragraph("All entries are of one moment: there is no course to draw.", "missing")
        return
    yield html.paragraph(
        "Posterior probability that each policy is the best one in the regime that was present then. It jumps where "
        "the regime changes; a third each means that nothing is known."
    )
    lines = [
        thinned(Line(policy.name, colours.OF_POLICY[policy], times, course.probability_best[:, policy]))
        for policy in Policy
    ]
    yield html.scrollable(plots.over_time(lines, "Probability of being the best policy over time", bounds=(0.0, 1.0)))
    yield html.legend([(each.name, each.colour) for each in lines])


def reliability_part(replayed: Replayed) -> Iterator[str]:
    """Show whether confidence was justified."""
    yield html.heading("Confidence said against what then happened")
    judged = []
    for rule, course in replayed.courses.items():
        places, pnl = judged_trades(replayed, rule)
        found = reliability(course, places, pnl)
        if found.statements:
            judged.append((str(rule), colours.OF_RULE[rule][0], found))
    if not judged:
        yield html.paragraph(f"Nothing to judge: it takes advice and at least {RUN_TRADES} trades after it.", "missing")
        return
    earned = "under the rule" if replayed.choices else "as recorded"
    yield html.paragraph(
        f"To the right the confidence before a run of {RUN_TRADES} trades, upwards the share of such runs that earned "
        f"more than 0 {earned}, with 95 % intervals. On the grey diagonal confidence was justified; below it, it was "
        "too high. The evidence speaks of the mean pnl, which so few trades show only roughly; the reference rules' "
        "confidence is a score, not a probability: 0.5 is neutral."
    )
    yield html.scrollable(plots.reliability_diagram(judged, "Confidence said against the share that came true"))
    yield html.legend([(f"{name} ({found.statements:,} runs)", colour) for name, colour, found in judged])
