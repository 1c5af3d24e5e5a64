"""From a page of cells to columns of entries, checked as the service checks the entries of its streams."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.entries.entry_fields import policy_of
from strategic_memory_server.memory.policy import NO_POLICY
from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.cell_columns import (
    Mask,
    Refusals,
    codes,
    fingerprint,
    trade_name,
)
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.record.impossible_times import ImpossibleTimes, impossible_times
from strategic_memory_server.replay.record.page_columns import NamedColumns
from strategic_memory_server.replay.record.refused_signs import Signs, signs_of_refused
from strategic_memory_server.replay.record.row_signs import NO_SIGNS, RowSigns
from strategic_memory_server.replay.written.time_style import NOT_GIVEN
from strategic_memory_server.replay.written.ways import Ways
from strategic_memory_server.windows.name_table import NameTable

_UNRECOGNISED = -2
_SAME_SHARE = 1e-9
"""So far apart are two pnl of one row that are the same but for rounding of floats."""


class Kind(enum.IntEnum):
    """Which of the three streams an entry belongs to; of entries at the same time observations come first."""

    REGIME = 0
    PORTFOLIO = 1
    TRADE = 2


@dataclass(frozen=True, slots=True, eq=False)
class EntryColumns:
    """Parallel columns of entries; regime and strategy are indices, -1 where not given, as is the policy.

    Attributes:
        time_ms: when each is known, milliseconds since 1970-01-01 UTC: a trade at its close.
        opened_ms: when a trade was opened; where that is not given, its time.
        kind: values of `Kind`.
        regime: regime given.
        pnl: what it earned; NaN for an observation that only tells the regime.
        policy: value of `Policy`.
        strategy: strategy.
        volatility: as observed; NaN where not given, as are the next two.
        trend: as observed.
        confidence: of the observation.
        trade: fingerprint of the trade's id; 0 without one.
        policy_pnl: what each policy would have earned, shape (entries, 3); NaN where not given.
    """

    time_ms: IndexColumn
    opened_ms: IndexColumn
    kind: NDArray[np.int8]
    regime: NDArray[np.int16]
    pnl: FloatColumn
    policy: NDArray[np.int8]
    strategy: NDArray[np.int16]
    volatility: FloatColumn
    trend: FloatColumn
    confidence: FloatColumn
    trade: IndexColumn
    policy_pnl: FloatColumn

    @property
    def results_of_trades(self) -> Mask:
        """Which are trades that earned or lost something."""
        found: Mask = (self.kind == Kind.TRADE) & (np.nan_to_num(self.pnl) != 0.0)
        return found

    @property
    def nameless_results(self) -> Mask:
        """Which are trades that earned or lost something and whose ids are not given, so that they may come again."""
        found: Mask = self.results_of_trades & (self.trade == 0)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class ReadRows:
    """What was read of some rows.

    Attributes:
        entries: the usable ones.
        refusals: which of the rows are refused, and why.
        trade_ids: the trade of each usable row, empty where it has none; () where nobody asks.
        unrecognised_policies: how many usable rows name a policy that is none.
        impossible: usable rows whose times nobody means.
        refused_signs: how many of the refused rows lose, and how many gain.
    """

    entries: EntryColumns
    refusals: Refusals
    trade_ids: Sequence[str]
    unrecognised_policies: int
    impossible: Sequence[ImpossibleTimes]
    refused_signs: Signs


class EntryReader:
    """Reads rows; every file of a replay shares the same names.

    Args:
        default_kind: what a row is that does not say it; None: what its columns say.
        within_ms: the times that can be meant, milliseconds since 1970 UTC; None: all.
        keeps_trade_ids: whether the ids of trades are kept as text.
    """

    def __init__(
        self,
        default_kind: Kind | None = None,
        within_ms: tuple[int, int] | None = None,
        *,
        keeps_trade_ids: bool = False,
    ) -> None:
        self.regimes, self.strategies = NameTable(), NameTable()
        self._default_kind, self._within_ms = default_kind, within_ms
        self._keeps_trade_ids = keeps_trade_ids
        self._table = NO_SIGNS

    def begin_table(self, signs: RowSigns = NO_SIGNS) -> None:
        """Read another table from now on, or the same one again, knowing signs that its rows have shown."""
        self._table = signs

    @property
    def signs(self) -> RowSigns:
        """What the rows of the table have shown so far."""
        return self._table

    def read(self, columns: Mapping[str, Sequence[Cell]], lines: Sequence[int], ways: Ways) -> ReadRows:
        """Read rows.

        Args:
            columns: cells by our names of columns.
            lines: the line of each row.
            ways: how numbers and times are written.
        """
        refusals = Refusals(lines)
        page = NamedColumns(columns, len(lines), refusals, ways)
        time_ms = page.times_ms(names.TIME)
        refusals.refuse_all(time_ms == NOT_GIVEN, "time_missing")
        kind = self._kinds(page)
        opened_ms = page.opened_ms(time_ms)
        regime_names = page.either(names.REGIME, names.MARKET_REGIME)
        regime = codes(names.REGIME, regime_names, refusals, lambda name: _index(self.regimes, name.upper()))
        refusals.refuse_all((kind == Kind.REGIME) & (regime < 0), "regime_missing")
        policy = page.codes(names.POLICY, _policy_code)
        policy_pnl = np.column_stack([page.numbers(name) for name in names.POLICY_PNL])
        pnl = self._pnl(page, policy, policy_pnl)
        refusals.refuse_all(np.isnan(pnl) & (kind != Kind.REGIME), "pnl_missing")
        strategy = page.codes(names.STRATEGY, lambda name: _index(self.strategies, name))
        trade = page.codes(names.TRADE_ID, lambda name: fingerprint(trade_name(name)))
        volatility, trend, confidence = (page.numbers(name, kind != Kind.TRADE) for name in names.OF_OBSERVATIONS)
        accepted = refusals.accepted()
        whole = EntryColumns(
            time_ms,
            opened_ms,
            kind.astype(np.int8),
            regime.astype(np.int16),
            pnl,
            np.maximum(policy, NO_POLICY).astype(np.int8),
            strategy.astype(np.int16),
            volatility,
            trend,
            confidence,
            trade,
            policy_pnl,
        )
        return ReadRows(
            whole if accepted.all() else at(whole, np.flatnonzero(accepted)),
            refusals,
            page.trade_ids(accepted) if self._keeps_trade_ids else (),
            int(np.count_nonzero((policy == _UNRECOGNISED) & accepted)),
            self._impossible(page, accepted, {names.TIME: time_ms, names.OPENED: opened_ms}),
            signs_of_refused(pnl, page.said((names.PNL, names.REALIZED_PNL)), refusals.reasons),
        )

    def _pnl(self, page: NamedColumns, policy: IndexColumn, policy_pnl: FloatColumn) -> FloatColumn:
        """Return what each row earned: what it says, or what the policy that was followed would have earned."""
        pnl = page.numbers(names.PNL)
        if names.REALIZED_PNL in page.columns:
            realized = page.numbers(names.REALIZED_PNL)
            differ = np.abs(pnl - realized) > _SAME_SHARE * np.abs(realized)
            refusals = page.refusals
            refusals.refuse_all(differ, "pnl_differs_from_realized_pnl", page.columns[names.REALIZED_PNL])
            pnl = np.where(np.isnan(pnl), realized, pnl) if names.PNL in page.columns else realized
        followed = np.isnan(pnl) & (policy >= 0)
        pnl[followed] = policy_pnl[followed, policy[followed]]
        return pnl

    def _kinds(self, page: NamedColumns) -> IndexColumn:
        said = page.codes(names.KIND, _kind_code)
        page.refusals.refuse_all(said == _UNRECOGNISED, "kind_unknown", page.columns.get(names.KIND))
        if np.all(said >= 0):
            return said
        if self._default_kind is not None:
            kind = np.full(page.rows, int(self._default_kind), dtype=np.int64)
        else:
            kind = np.where(page.given(names.REGIME), int(Kind.REGIME), int(Kind.PORTFOLIO)).astype(np.int64)
            kind[self._trades(page)] = Kind.TRADE
        return np.where(said >= 0, said, kind)

    def _trades(self, page: NamedColumns) -> Mask:
        """Tell which rows are trades: in a table of trades those that leave the columns of trades empty, too."""
        trades = page.any_given(names.OF_TRADES)
        if names.KIND in page.columns:
            return trades
        observed = page.any_given(names.OF_OBSERVATIONS)
        self._table = self._table.with_rows(trades, observed)
        if not self._table.of_trades:
            return trades
        earned = page.given(names.PNL)
        return trades | (earned if self._table.of_both else earned & ~observed)

    def _impossible(
        self, page: NamedColumns, accepted: Mask, times_ms: Mapping[str, IndexColumn]
    ) -> list[ImpossibleTimes]:
        if self._within_ms is None:
            return []
        earliest, latest = self._within_ms
        found = [
            impossible_times(column, page.columns[column], page.refusals.lines, read, accepted & outside)
            for column, read in times_ms.items()
            if column in page.columns and (outside := (read < earliest) | (read > latest)).any()
        ]
        return [each for each in found if each is not None]


def at(columns: EntryColumns, places: NDArray[np.intp]) -> EntryColumns:
    """Return the entries at some places."""
    return EntryColumns(*(getattr(columns, name)[places] for name in EntryColumns.__slots__))


def concatenated(parts: Sequence[EntryColumns]) -> EntryColumns:
    """Return the entries of all parts, one after the other."""
    return EntryColumns(*(np.concatenate([getattr(part, name) for part in parts]) for name in EntryColumns.__slots__))


def _index(table: NameTable, name: str) -> int:
    return table.index(name) if name else -1


def _policy_code(name: str) -> int:
    policy = policy_of(name)
    if policy is not None:
        return int(policy)
    return _UNRECOGNISED if name else NO_POLICY


def _kind_code(name: str) -> int:
    kind = Kind.__members__.get(name.upper())
    if kind is not None:
        return int(kind)
    return _UNRECOGNISED if name else -1
