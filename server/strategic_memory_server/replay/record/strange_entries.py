"""What is strange about the entries of a record that are used all the same, counted."""

from __future__ import annotations

from datetime import UTC, time, tzinfo

import numpy as np

from strategic_memory_server.entries.notes import CONFIDENCE_OUT_OF_RANGE
from strategic_memory_server.entries.oddities import mixed_units, sizes_of
from strategic_memory_server.memory.memory_tallies import out_of_range
from strategic_memory_server.memory.shown_time import moment
from strategic_memory_server.replay.files.cell_columns import Mask
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind

LONG_BEFORE = 20.0
"""An observation holds for so many times the usual distance to the next one; later it may be that they have ended."""

_APART = 0.5
"""So far apart, as a share of the larger one, are what a trade earned and what its policy would have when told."""

_DAY_MS = 86_400_000
_YEAR_2100_MS = 4_102_444_800_000


def strange_entries(entries: EntryColumns, joined: Mask, zone: tzinfo = UTC) -> dict[str, int]:
    """Count what is worth telling of entries.

    Args:
        entries: entries in order.
        joined: which of them have the regime that was observed by their opening.
        zone: of times that name none.
    """
    return {
        "same_as_before": _same_as_before(entries),
        "observed_otherwise": _observed_otherwise(entries),
        "regime_observed_long_before": _observed_long_before(entries, joined),
        "pnl_apart_from_policy": _apart_from_policy(entries),
        "opened_on_days_of_closes": _opened_on_days_of_closes(entries, zone),
        "units_mixed": sum(_in_other_units(entries, kind) for kind in Kind),
        CONFIDENCE_OUT_OF_RANGE: int(np.count_nonzero(out_of_range(entries.confidence))),
    }


def _same_as_before(entries: EntryColumns) -> int:
    """Count entries without an id that say the same as the one before them."""
    pnl = entries.pnl
    same = (
        (entries.trade[1:] == 0) & (pnl[1:] != 0) & ((pnl[1:] == pnl[:-1]) | (np.isnan(pnl[1:]) & np.isnan(pnl[:-1])))
    )
    for column in (entries.time_ms, entries.kind, entries.regime, entries.policy, entries.strategy):
        same &= column[1:] == column[:-1]
    return int(np.count_nonzero(same))


def _observed_otherwise(entries: EntryColumns) -> int:
    """Count observations of the same time as the one before them and of another regime."""
    observed = np.flatnonzero(entries.kind == Kind.REGIME)
    time_ms, regime = entries.time_ms[observed], entries.regime[observed]
    return int(np.count_nonzero((time_ms[1:] == time_ms[:-1]) & (regime[1:] != regime[:-1])))


def _observed_long_before(entries: EntryColumns, joined: Mask) -> int:
    times_ms = np.unique(entries.time_ms[entries.kind == Kind.REGIME])
    if times_ms.size < 2:
        return 0
    opened_ms = entries.opened_ms[joined]
    last = np.searchsorted(times_ms, opened_ms, side="right") - 1
    known = last >= 0
    age_ms = opened_ms[known] - times_ms[last[known]]
    return int(np.count_nonzero(age_ms > LONG_BEFORE * np.median(np.diff(times_ms))))


def _opened_on_days_of_closes(entries: EntryColumns, zone: tzinfo) -> int:
    """Count trades that were opened later on a day at whose midnight others closed, where all closes are midnights.

    Days without an hour are read as their midnight, at which what closed on them was not known yet.
    """
    results = entries.kind != Kind.REGIME
    closes_ms, opened_ms = np.unique(entries.time_ms[results]), entries.opened_ms[results]
    if closes_ms.size < 2 or not 0 <= closes_ms[0] <= closes_ms[-1] < _YEAR_2100_MS:
        return 0
    if not all(_is_midnight(close_ms, zone) for close_ms in closes_ms.tolist()):
        return 0
    # Before the first close the place is that of the last: what has passed since is less than nothing.
    passed_ms = opened_ms - closes_ms[np.searchsorted(closes_ms, opened_ms, side="right") - 1]
    return int(np.count_nonzero((passed_ms > 0) & (passed_ms < _DAY_MS)))


def _is_midnight(time_ms: int, zone: tzinfo) -> bool:
    return moment(time_ms).astimezone(zone).time() == time.min


def _apart_from_policy(entries: EntryColumns) -> int:
    """Count trades that earned far more or less than the column of the policy that they name says."""
    followed = np.flatnonzero(entries.policy >= 0)
    earned = entries.pnl[followed]
    said = entries.policy_pnl[followed, entries.policy[followed]]
    return int(np.count_nonzero(np.abs(earned - said) > _APART * np.maximum(np.abs(earned), np.abs(said))))


def _in_other_units(entries: EntryColumns, kind: Kind) -> int:
    return sum(oddity.entries for oddity in mixed_units(kind.name, sizes_of(entries.pnl[entries.kind == kind])))
