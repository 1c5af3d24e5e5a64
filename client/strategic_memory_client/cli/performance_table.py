"""What the trades of each regime earned, and how surely, as a table for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.text import NOT_KNOWN, number, plain, share, with_interval
from strategic_memory_client.cli.window_cut import trades_title
from strategic_memory_client.values.analysis import Analysis
from strategic_memory_client.values.results import Evidence

_COLUMNS = ("trades", "mean pnl (95 %)", "win rate (95 %)", "Sharpe", "max drawdown", "P(best)")


def performance_table(analysis: Analysis) -> Table:
    """Return a row for each regime that there are figures of its trades for."""
    table = Table(title=trades_title(analysis), title_justify="left", box=None, pad_edge=False, header_style="dim")
    for column in ("regime", *_COLUMNS):
        table.add_column(column, overflow="fold")
    for regime in analysis.regimes:
        found = regime.performance
        if found is not None:
            table.add_row(
                Text(plain(regime.regime)),
                str(found.trades),
                with_interval(found.mean_pnl, found.mean_pnl_interval, number),
                with_interval(found.win_rate, found.win_rate_interval, share),
                number(found.sharpe_ratio, 3),
                NOT_KNOWN if found.drawdown is None else number(found.drawdown.depth),
                _best(regime.evidence),
            )
    return table


def _best(evidence: Evidence | None) -> str:
    """Return the policy that is most likely the best one, and how likely."""
    known = [policy for policy in evidence.policies if policy.policy is not None] if evidence else []
    if not known:
        return NOT_KNOWN
    best = max(known, key=lambda policy: policy.probability_best)
    return f"{best.policy} {share(best.probability_best)}"
