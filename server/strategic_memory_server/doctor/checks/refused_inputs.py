"""Inputs that are refused: what they hold is not used."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.entries.input_keys import STREAM_SOURCES
from strategic_memory_server.inputs.refused_inputs import refusals
from strategic_memory_server.memory.strategic_memory import SourceReport

NAME = "refused_inputs"

_WRONG_TYPE = "wrong_type"

_WRITTEN_BY = {
    "null": "null is what JSON.stringify of JavaScript makes of NaN: let that producer leave the field out",
    "none": "None is what Python writes for a number that is not there: let that producer leave the field out",
    "nan": "NaN is no number: let that producer leave the field out",
    "undefined": "undefined is what JavaScript writes for what is not there: let that producer leave the field out",
}
"""What wrote a text in place of a number."""


def check(examined: Examined) -> Iterator[Finding]:
    """Tell each source of which something is refused; it is critical where nothing of a stream is left."""
    for report in examined.redis.memory.sources:
        if not report.rejected:
            continue
        is_stream = report.source in STREAM_SOURCES
        yield Finding(
            NAME,
            Severity.CRITICAL if is_stream and not report.accepted else Severity.WARNING,
            f"{refusals([report], all_of_them=True)}. {_advice(report)}docs/redis.md says what is read",
            examined.redis_cli("TYPE", examined.key(report.source))
            if _WRONG_TYPE in report.rejected
            else examined.newest(report.source)
            if is_stream
            else examined.redis_cli("GETRANGE", examined.key(report.source), "0", "200"),
        )


def _advice(report: SourceReport) -> str:
    if _WRONG_TYPE in report.rejected:
        return "Rename or delete it, it has to be a stream. " if report.source in STREAM_SOURCES else "SET it anew. "
    found = {example.strip("'\"").casefold() for example in report.examples.values()}
    return "".join(f"{said}. " for text, said in _WRITTEN_BY.items() if text in found)
