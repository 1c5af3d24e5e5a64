"""Bringing the three windows up to what has been read: new entries in, joins anew, old entries out.

The work goes with what has changed. Where that is much, it is done some entries at a time, so that everything else in
the process has its turn in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import PositionColumn
from strategic_memory_server.columns.stream_position import position_column
from strategic_memory_server.entries.rejections import RejectedInput
from strategic_memory_server.inputs.memory_windows import MemoryWindows
from strategic_memory_server.inputs.observation_lookup import ObservationLookup
from strategic_memory_server.inputs.read_outcome import ReadOutcome
from strategic_memory_server.inputs.stream_follower import StreamFollower
from strategic_memory_server.windows.asof_join import Observed
from strategic_memory_server.windows.column_buffer import Columns
from strategic_memory_server.windows.rolling_results import RollingResults, with_regimes, without_regime

AT_ONCE = 1_000
"""Most entries that are dropped or joined anew before other tasks have their turn."""

LookUp = Callable[[PositionColumn], Awaitable[ObservationLookup]]


async def bring_up(
    windows: MemoryWindows,
    regimes: StreamFollower,
    portfolio: StreamFollower,
    trades: StreamFollower,
    look_up: LookUp,
) -> tuple[list[RejectedInput], list[Columns]]:
    """Take over what the followers of the three streams have read; give what was rejected in it, and the new trades.

    Where the window of trades was read anew, none is called new.

    Observations come first and go last, so that an entry finds its own although it is beyond the window already.

    Args:
        windows: what they are read into.
        regimes: has read the regime observations.
        portfolio: has read the portfolio entries.
        trades: has read the trade results.
        look_up: finds observations from before the regime window.
    """
    followers = (regimes, portfolio, trades)
    for follower in followers:
        if follower.outcome is not ReadOutcome.NEW:
            follower.window.clear()
        follower.window.buffer.reserve(follower.arrived)
    first_new = await _append_observations(windows, regimes)
    read = [
        (windows.portfolio, list(portfolio.new_columns())),
        (windows.trades, list(trades.new_columns())),
    ]
    lookup = await look_up(_unseen(windows, regimes, (columns for _, pages in read for columns in pages)))
    observed = windows.observed(lookup)
    added: list[Columns] = []
    for results, pages in read:
        if first_new is not None:
            await _join(results, results.late(first_new), observed)
        for number, columns in enumerate(pages):
            if number:
                await asyncio.sleep(0)
            results.append(whole := with_regimes(columns, observed))
            if results is windows.trades and trades.outcome is ReadOutcome.NEW:
                added.append(whole)
    rejected = [*lookup.rejected]
    for follower in followers:
        rejected.extend(follower.take_malformed())
        await _drop_oldest(follower)
    observed = windows.observed(lookup)
    for results, _ in read:
        await _join(results, results.lost(regimes.first_position), observed)
    return rejected, added


async def _append_observations(windows: MemoryWindows, regimes: StreamFollower) -> bytes | None:
    """Add the new observations; give the position of the first one."""
    first_new: bytes | None = None
    for columns in regimes.new_columns():
        if first_new is None:
            first_new = bytes(columns["position"][0])
        else:
            await asyncio.sleep(0)
        windows.regimes.append(columns)
    return first_new


def _unseen(windows: MemoryWindows, regimes: StreamFollower, read: Iterable[Columns]) -> PositionColumn:
    """Return where, ascending, new entries without a regime ask for one that is older than the regime window."""
    if regimes.is_whole:
        return position_column([])
    observed = windows.regimes.positions
    sought = []
    for columns in read:
        missing = without_regime(columns)
        sought.append(missing[missing < observed[0]] if observed.size else missing)
    return np.sort(np.concatenate(sought)) if sought else position_column([])


async def _join(results: RollingResults, places: NDArray[np.intp], observed: Observed) -> None:
    for start in range(0, places.size, AT_ONCE):
        results.join(places[start : start + AT_ONCE], observed)
        await asyncio.sleep(0)


async def _drop_oldest(follower: StreamFollower) -> None:
    """Let a window go of what is no longer in the stream, or beyond its length."""
    window = follower.window
    while surplus := window.surplus(follower.first_position):
        window.drop_oldest(surplus if surplus >= len(window) else min(surplus, AT_ONCE))
        await asyncio.sleep(0)
    if unreached := window.drop_passed():
        window.drop_oldest(unreached)
