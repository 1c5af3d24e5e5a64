"""An analysis as tables for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.feedback_table import feedback_table
from strategic_memory_client.cli.past_advice_table import past_advice_tables
from strategic_memory_client.cli.performance_table import performance_table
from strategic_memory_client.cli.text import NOT_KNOWN, name, number, plain, share
from strategic_memory_client.cli.window_cut import TRADES, cut_title
from strategic_memory_client.values.analysis import Analysis, AnalysisResult


def print_analysis(result: AnalysisResult) -> None:
    """Print an analysis and the feedback that follows from it."""
    console = Console()
    found = result.analysis
    past = past_advice_tables(found.past_advice)
    for table in (_regimes(found), performance_table(found), _policies(found), *past, _sources(found)):
        if table.row_count:
            console.print(table)
            console.print()
    console.print(feedback_table(result.feedback, datetime.now(UTC), result.feedback))


def _regimes(analysis: Analysis) -> Table:
    table = _columns(
        cut_title("Regimes", analysis),
        "regime",
        "samples",
        "mean pnl",
        "total pnl",
        "win rate",
        "confidence",
        "best policy",
    )
    for regime in analysis.regimes:
        table.add_row(
            Text(plain(regime.regime)),
            str(regime.sample_count),
            number(regime.avg_pnl),
            number(regime.total_pnl),
            f"{share(regime.win_rate)} ({regime.wins}/{regime.wins + regime.losses})",
            number(regime.confidence, 3),
            name(regime.best_policy),
        )
    return table


def _policies(analysis: Analysis) -> Table:
    title = cut_title("Policies and strategies", analysis, TRADES)
    table = _columns(title, "regime", "policy or strategy", "trades", "mean pnl", "win rate")
    for regime in analysis.regimes:
        for policy in regime.policies:
            figures = (str(policy.trades), number(policy.avg_pnl), share(policy.win_rate))
            table.add_row(Text(plain(regime.regime)), name(policy.policy), *figures)
        for strategy in regime.strategies:
            figures = (str(strategy.trades), number(strategy.avg_pnl), share(strategy.win_rate))
            table.add_row(Text(plain(regime.regime)), Text(plain(strategy.strategy)), *figures)
    return table


def _sources(analysis: Analysis) -> Table:
    table = _columns("Sources", "source", "used", "rejected", "noted")
    for source in analysis.sources:
        rejected = ", ".join(f"{plain(reason)} {count}" for reason, count in sorted(source.rejected.items()))
        noted = ", ".join(f"{plain(reason)} {count}" for reason, count in sorted(source.noted.items()))
        used = str(source.accepted)
        table.add_row(Text(plain(source.source)), used, Text(rejected or NOT_KNOWN), Text(noted or NOT_KNOWN))
    return table


def _columns(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.add_column(first, overflow="fold")
    for other in others:
        table.add_column(other, overflow="fold")
    return table
