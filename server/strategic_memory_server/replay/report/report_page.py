"""The report as one page that needs nothing else: no font, no picture and no script from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from strategic_memory_server.memory.shown_time import shown_time
from strategic_memory_server.replay.files.column_names import POLICY_PNL
from strategic_memory_server.replay.judging.findings import JsonReport
from strategic_memory_server.replay.judging.replayed import Replayed
from strategic_memory_server.replay.report import report_plots, report_tables, what_was_read

TEMPLATES: Final = Environment(
    loader=PackageLoader("strategic_memory_server.replay.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["time"] = shown_time


def report_page(replayed: Replayed, report: JsonReport) -> str:
    """Return the page, well-formed as XML; the one script that its policy lets run is its own, which sorts tables."""
    script = TEMPLATES.get_template("sort.js").render()
    digest = hashlib.sha256(script.encode()).digest()
    return TEMPLATES.get_template("report.html").render(
        report=report,
        read=what_was_read,
        tables=report_tables,
        transitions=report_tables.transitions(report),
        policy_pnl=POLICY_PNL,
        equity=report_plots.equity(replayed),
        timeline=report_plots.timeline(replayed),
        probability=report_plots.probability(replayed),
        reliability=report_plots.reliability(replayed),
        script=script,
        script_hash=f"sha256-{base64.b64encode(digest).decode()}",
    )
