"""What was read and what was not, in sentences: for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from strategic_memory_server.replay.record.table_read import TableRead

Rows = Mapping[str, Any]
"""The part `rows` of a report."""

_KINDS = {
    "trade": ("trade", "trades"),
    "portfolio": ("portfolio entry", "portfolio entries"),
    "regime": ("regime observation", "regime observations"),
}

_NOTES = {
    "trade_id_repeated": "{} have the id of another trade: each id counts once, at its last row",
    "same_as_before": (
        "{} have the time, pnl, policy and regime of the one before and no trade_id: each counts; leave out what was "
        "exported twice"
    ),
    "observed_otherwise": (
        "{} are observations of another regime than one of the same time: are they of several markets? The last "
        "counts: give those of the market of the trades"
    ),
    "regime_observed_long_before": (
        "{} have a regime that was observed long before they were opened: do the observations end, or lack a part?"
    ),
    "pnl_apart_from_policy": (
        "{} earned something else than the pnl of the policy that they name says, by half or more: in one unit?"
    ),
    "opened_on_days_of_closes": (
        "{} were opened later on a day at whose midnight others closed, and all closes are at midnight: do they lack "
        "their hour? What closed on a day counts as known from its start; give the hour of the close"
    ),
    "units_mixed": "{} earned or lost a hundred times more than usual, or less: are all in one unit?",
    "confidence_out_of_range": "{} have a confidence that is not from 0 to 1: it counts as none; write shares",
    "regimes_look_alike": (
        "{} name a regime that looks like another one, {example}, and count apart from it: spell each in one way"
    ),
    "policy_unrecognised": "{} name a policy that is none of the three, and count without one",
    "regime_as_of_close": (
        "{} do not say when they were opened, or were opened at their close: their regime is the one at their close"
    ),
    "regime_not_observed": (
        "{} have no regime, since none was observed by then: `strategic-memory-server regimes` tells it from prices"
    ),
}
"""What a note says of so many rows."""

_NO_POLICY = (
    "no entry names a policy, so nothing is learned of policies: add a column `policy`, or what each would have earned "
    "(`pnl_conservative`, `pnl_balanced`, `pnl_aggressive`)"
)
_NO_TRADE = "none of the rows is a trade: if they are, give --kind trade"
_SCALE = (
    "half of the entries earned or lost {usual}: the reference rules, which compare the mean pnl with 0.1 "
    "and 0.2, mean little here; the evidence does not depend on the unit"
)
_TOO_LARGE, _TOO_SMALL = 20.0, 0.02


def tables(rows: Rows) -> Iterator[str]:
    """Yield what each table was recognised as, where its figures were, and how they are written."""
    for table in rows["tables"]:
        read = TableRead(**table)
        yield read.describe()
        for column, said in rows["written"].get(read.called, {}).items():
            yield f"  {column}: {said}"


def lines(rows: Rows) -> list[str]:
    """Return what is said of the tables and of the rows that were used."""
    return [each for each in (*tables(rows), of_trades(rows), *notes(rows)) if each]


def counted(rows: Rows) -> str:
    """Return how many entries of each kind there are, without those of which there are none."""
    kinds = [(rows["by_kind"][kind], names) for kind, names in _KINDS.items()]
    return ", ".join(f"{count:,} {names[count != 1]}" for count, names in kinds if count)


def of_trades(rows: Rows) -> str:
    """Return how much the trades say, and how much was found out for them; empty without trades."""
    trades = rows["by_kind"]["trade"]
    if not trades:
        return ""
    known = rows["trades_with"]
    parts = ("regime", "a regime"), ("policy", "a policy"), ("opening", "a time of opening")
    return f"of {trades:,} trades " + ", ".join(f"{known[name]:,} have {words}" for name, words in parts)


def noted(counts: Mapping[str, int], look_alike: str) -> Iterator[str]:
    """Yield what is said of so many rows that were used all the same.

    Args:
        counts: number of rows by note.
        look_alike: a regime and the one that it looks like.
    """
    for note, count in counts.items():
        yield _NOTES[note].format(f"{count:,} rows", example=look_alike)


def notes(rows: Rows) -> Iterator[str]:
    """Yield what is worth knowing of the rows that were used."""
    yield from noted(rows["notes"], rows["look_alike"])
    if not rows["by_kind"]["trade"]:
        yield _NO_TRADE
    elif not rows["tells_policies"]:
        yield _NO_POLICY
    usual = rows["usual_pnl"]
    if usual is not None and not _TOO_SMALL <= usual <= _TOO_LARGE:
        yield _SCALE.format(usual=f"{'more' if usual > 1 else 'less'} than {usual:.3g}")


def refusals(rows: Rows) -> Iterator[str]:
    """Yield each reason for which rows were refused: how many, where the first ones are, and what one of them has."""
    for reason, each in rows["refused_by_reason"].items():
        example = f"; {each['example']}" if each["example"] else ""
        more = ", ..." if each["rows"] > len(each["first_lines"]) else ""
        yield f"{each['rows']:,} {reason} ({', '.join(each['first_lines'])}{more}{example})"
