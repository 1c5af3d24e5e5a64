"""What is said about inputs that were refused: how many, why, and one example, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from strategic_memory_server.entries.entry_fields import JSON_IN_ONE_FIELD
from strategic_memory_server.entries.input_keys import VALUE_SOURCES
from strategic_memory_server.memory.strategic_memory import SourceReport

REFUSED_IN_A_ROW = 3
"""So many newest entries that are refused one after the other are told, whatever came before."""

REFUSED_SHARE = 0.1
"""So large a share of a window that is refused is told, `REFUSED_IN_A_ROW` entries at least, whatever came between.

What they say is not in its figures, and where losses alone are written in another way it is losses that are refused.
"""

_SHOWN = 40
_REASONS_SHOWN = 3

_WORDS = {
    "_not_a_number": "is not a number",
    "_not_finite": "is not finite",
    "_out_of_range": "is out of range",
    "_too_long": "is too long",
    "_not_utf8": "is not UTF-8",
    "_not_printable": "is not printable",
    "_given_twice": "is given twice",
    "_negative": "is negative",
    "_unrecognised": "is none of those that there are",
}
"""What follows the value in a sentence, by the end of the reason; what precedes that is the name of the field."""


def why(reason: str, example: str) -> str:
    """Say why an input was refused: `realized_pnl "n/a" is not a number`.

    Args:
        reason: the stable name.
        example: beginning of the offending input, printable; empty: none.
    """
    shown = f' "{example[:_SHOWN]}{"…" if len(example) > _SHOWN else ""}"' if example else ""
    if reason == JSON_IN_ONE_FIELD:
        return f"the fields are inside JSON in one field ({shown.strip()}): each has to be a field of the entry"
    if reason.endswith("_missing"):
        return f"{reason.removesuffix('_missing')} is missing{f', where the entry has{shown}' if shown else ''}"
    if reason == "wrong_type":
        return example
    for end, words in _WORDS.items():
        if reason.endswith(end):
            return f"{reason.removesuffix(end)}{shown} {words}"
    return f"{reason.replace('_', ' ')}{shown}"


def refusals(reports: Iterable[SourceReport], *, all_of_them: bool = False) -> str:
    """Say which sources are refused as a whole, in their newest entries, or in many; empty: none is.

    Args:
        reports: what each source has contributed.
        all_of_them: tell of every refused input instead.
    """
    told = (report for report in reports if report.rejected and (all_of_them or _is_lost(report)))
    return "; ".join(map(_sentence, told))


def explained(sentence: str, reports: Iterable[SourceReport]) -> str:
    """Add to a sentence that says that there is too little what was refused."""
    refused = refusals(reports, all_of_them=True)
    return f"{sentence} Refused were: {refused}." if refused else sentence


def _is_lost(report: SourceReport) -> bool:
    refused = sum(report.rejected.values())
    many = max(REFUSED_IN_A_ROW, REFUSED_SHARE * (refused + report.accepted))
    return not report.accepted or report.refused_last >= REFUSED_IN_A_ROW or refused >= many


def _sentence(report: SourceReport) -> str:
    reasons = sorted(report.rejected.items(), key=lambda item: (-item[1], item[0]))
    said = ", ".join(
        f"{why(reason, report.examples.get(reason, ''))}{_times(count, report)}"
        for reason, count in reasons[:_REASONS_SHOWN]
    )
    more = f", and {len(reasons) - _REASONS_SHOWN} reasons more" if len(reasons) > _REASONS_SHOWN else ""
    return f"{_what(report)}: {said}{more}"


def _what(report: SourceReport) -> str:
    if report.source in VALUE_SOURCES:
        return f"{report.source} is refused"
    refused = sum(report.rejected.values())
    if not report.accepted:
        return f"{report.source}: all {refused} entries are refused" if refused > 1 else f"{report.source} is refused"
    if report.refused_last >= REFUSED_IN_A_ROW:
        return f"{report.source}: the newest {report.refused_last} entries are refused"
    return f"{report.source}: {refused} of {refused + report.accepted} entries are refused"


def _times(count: int, report: SourceReport) -> str:
    return f" ({count})" if sum(report.rejected.values()) > 1 else ""
