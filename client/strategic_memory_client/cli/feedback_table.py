"""A feedback, and the health of the service, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.admin_table import hand_rows
from strategic_memory_client.cli.evidence_text import evidence_rows, guard_text, leverage, regime_advice
from strategic_memory_client.cli.text import NOT_KNOWN, colour, moment, name, number, plain, share
from strategic_memory_client.values.problems import Problem
from strategic_memory_client.values.results import Feedback


def print_feedback(feedback: Feedback, problems: Sequence[Problem] = (), in_force: Feedback | None = None) -> None:
    """Print a feedback, the problems of the server that it comes from, and which one is in force if another one is."""
    table = feedback_table(feedback, feedback.sent_at or datetime.now(UTC), in_force or feedback)
    for problem in problems:
        table.add_row("problem", Text(plain(problem.sentence), style="red"))
    Console().print(table)


def print_health(shown: Mapping[str, object], now: datetime) -> None:
    """Print what was found out about the health of the service; `now` is the time by the service, where it tells it."""
    table = _two_columns("Strategic memory service")
    for what, value in shown.items():
        if isinstance(value, list):
            for each in value or [NOT_KNOWN]:
                table.add_row(what.replace("_", " "), Text(plain(str(each))))
            continue
        text = moment(value, now) if isinstance(value, datetime) else _word(value)
        table.add_row(what.replace("_", " "), Text(text))
    Console().print(table)


def feedback_table(feedback: Feedback, now: datetime, in_force: Feedback) -> Table:
    """Return the table of a feedback; `in_force` is the one that holds now, the same or a later one."""
    about = f" of {plain(feedback.portfolio)}" if feedback.portfolio else ""
    table = _two_columns(f"Strategic memory feedback{about}")
    performance = feedback.regime_performance
    if (in_force.epoch, in_force.revision) == (feedback.epoch, feedback.revision):
        table.add_row("status", Text(in_force.status.value, style=colour(in_force.status)))
    else:
        now_in_force = f"revision {in_force.revision} is in force now, {in_force.status.value}"
        table.add_row("status", Text(f"was {feedback.status.value} when it was said; {now_in_force}"))
    probe = " (a probe)" if feedback.is_probe else ""
    table.add_row("policy", Text(f"{feedback.updated_policy.value}{probe}", style="bold"))
    table.add_row("leverage", Text(leverage(feedback.leverage_hint, feedback.leverage_bound_by)))
    if feedback.guard is not None:
        table.add_row("drawdown guard", Text(guard_text(feedback.guard)))
    for what, text in hand_rows(feedback.override, feedback.freeze, now):
        table.add_row(what, Text(text, style="bold"))
    table.add_row("confidence", Text(number(feedback.confidence_boost)))
    table.add_row("preferred regime", Text(plain(feedback.preferred_regime)))
    table.add_row("current regime", Text(plain(feedback.current_regime)))
    if feedback.current is not None:
        table.add_row("advice there", Text(regime_advice(feedback.current)))
    if performance is not None:
        figures = f"mean pnl {number(performance.avg_pnl)}, win rate {share(performance.win_rate)}"
        counts = f"{performance.wins} wins, {performance.losses} losses, {performance.sample_count} samples"
        table.add_row("performance", Text(f"{figures} ({counts})"))
    table.add_row("best policy", Text(name(feedback.best_policy)))
    if feedback.evidence is not None:
        for what, text in evidence_rows(feedback.evidence):
            table.add_row(what, Text(text))
    table.add_row("computed", Text(moment(feedback.timestamp, now)))
    table.add_row("data as of", Text(moment(feedback.data_as_of, now)))
    table.add_row("valid until", Text(moment(feedback.valid_until, now)))
    place = f"{feedback.revision} of epoch {plain(feedback.epoch) or NOT_KNOWN}"
    table.add_row("revision", Text(place))
    table.add_row("rules", Text(f"{name(feedback.rules)}, version {plain(feedback.version) or NOT_KNOWN}"))
    for position, reason in enumerate(feedback.reasons):
        table.add_row("because" if position == 0 else "", Text(plain(reason.sentence)))
    return table


def _two_columns(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NOT_KNOWN if value is None else plain(str(value))
