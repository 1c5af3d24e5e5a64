"""What a window has cut off, in words for the title of a table."""

from __future__ import annotations

from strategic_memory_client.values.analysis import Analysis

TRADES = "trade.results"
_ENTRIES = {TRADES: "trades", "meta.regime": "observations", "portfolio.memory": "portfolio entries"}
_OUTSIDE = "outside_window"


def cut_title(title: str, analysis: Analysis, *sources: str) -> str:
    """Return a title that says of how many entries how many are in the window, of sources that it has cut.

    Sources are by the end of their key; none means all.
    """
    said = []
    for name, entries in _ENTRIES.items():
        for report in analysis.sources:
            outside = report.noted.get(_OUTSIDE, 0)
            if outside and report.source.endswith(name) and name in (sources or _ENTRIES):
                said.append(f"{report.accepted:,} of {report.accepted + outside:,} {entries}")
    return f"{title}: {', '.join(said)}" if said else title


def trades_title(analysis: Analysis) -> str:
    """Return the title of the table of trades, whose evidence rests on those outside the window too."""
    in_window = sum(report.accepted for report in analysis.sources if report.source.endswith(TRADES))
    seen = max((regime.evidence.observations for regime in analysis.regimes if regime.evidence), default=0)
    title = cut_title("Trades", analysis, TRADES)
    if seen <= in_window:
        return title
    return f"{title if ':' in title else f'Trades: {in_window:,}'} in the window, P(best) of {seen:,}"
