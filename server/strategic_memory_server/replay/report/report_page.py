"""The report as one page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.replay.judging.findings import JsonReport
from strategic_memory_server.replay.judging.replayed import Replayed
from strategic_memory_server.replay.report import html, report_plots, report_tables


def report_page(replayed: Replayed, report: JsonReport) -> str:
    """Return the page."""
    return html.document("Strategic memory: replay", _parts(replayed, report))


def _parts(replayed: Replayed, report: JsonReport) -> Iterator[str]:
    yield "<h1>Strategic memory: replay</h1>"
    yield html.paragraph(
        "What the service would have advised over a record of trades and regimes, and what that would have been worth. "
        "Past pnl says little about the next.",
        "quiet",
    )
    yield from report_tables.read_part(report)
    yield from report_tables.cadence_part(report)
    yield from report_tables.rules_part(report)
    yield from report_plots.equity_part(replayed)
    yield from report_tables.advice_part(report)
    yield from report_plots.timeline_part(replayed)
    yield from report_tables.transitions_part(report)
    yield from report_plots.probability_part(replayed)
    yield from report_plots.reliability_part(replayed)
    yield from report_tables.groups_part(report)
