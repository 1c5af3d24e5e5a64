"""How many regimes are kept apart: those with the newest observations; all others are one mixture, OTHER.

What is kept apart follows from the observations in their order alone: added one by one, at once, or taken up again from
what was written down, they give the same sums. A regime that comes back begins anew; what it had stays in the mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.evidence.batch import batch_of_codes, joined_cells, merged
from strategic_memory_server.evidence.change.blocks import NO_TRADES, Blocks
from strategic_memory_server.evidence.change.growth import joined
from strategic_memory_server.evidence.sums import (
    NO_OBSERVATIONS,
    EvidenceSums,
    RegimeSums,
    add_observation,
    require_pnl,
    require_policy,
)
from strategic_memory_server.memory.strategic_memory import OTHER_REGIME
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on

FEW = 16
"""So many observations are added one by one as fast as at once."""

AT_ONCE = 4_096


def kept_apart(sums: EvidenceSums, most: int) -> EvidenceSums:
    """Return sums with at most so many regimes apart from OTHER; the same ones where they are no more."""
    if len(sums.regimes) <= most:
        return sums
    regimes, blocks = dict(sums.regimes), None if sums.blocks is None else dict(sums.blocks)
    _join_oldest(regimes, blocks, sums.decay, most)
    return EvidenceSums(sums.decay, regimes, sums.last_trade_id, blocks)


def with_observations(
    sums: EvidenceSums,
    names: Sequence[str],
    regime: IndexColumn,
    policy: IndexColumn,
    pnl: FloatColumn,
    most: int,
    checkpoint: Checkpoint = go_on,
    *,
    exactly: bool = False,
) -> EvidenceSums:
    """Add observations, oldest first, and keep at most so many regimes apart after each.

    Args:
        sums: what was seen before.
        names: names of regimes.
        regime: places in them.
        policy: policy of each, 0 to 2; ValueError for any other.
        pnl: realised pnl of each; ValueError when one is not finite or too large.
        most: regimes kept apart, not counting OTHER.
        checkpoint: called now and then.
        exactly: add each by itself, however many they are: the same ones give the same sums to the last bit, whichever
            of them come together.
    """
    if regime.size > FEW and not exactly and sums.blocks is None:
        found = {names[code] for code in set(regime.tolist())}
        if len({*sums.regimes, *found} - {OTHER_REGIME}) <= most:
            return merged(sums, batch_of_codes(sums.decay, names, regime, policy, pnl))
    regimes, blocks = dict(sums.regimes), None if sums.blocks is None else dict(sums.blocks)
    _join_oldest(regimes, blocks, sums.decay, most)
    for start in range(0, regime.size, AT_ONCE):
        checkpoint()
        part = slice(start, start + AT_ONCE)
        columns = regime[part].tolist(), policy[part].tolist(), pnl[part].tolist()
        for code, followed, earned in zip(*columns, strict=True):
            require_policy(followed)
            require_pnl(earned)
            add_observation(regimes, blocks, sums.decay, names[code], followed, earned)
            if len(regimes) > most:
                _join_oldest(regimes, blocks, sums.decay, most)
    return EvidenceSums(sums.decay, regimes, sums.last_trade_id, blocks)


def _join_oldest(regimes: dict[str, RegimeSums], blocks: dict[str, Blocks] | None, decay: float, most: int) -> None:
    """Move the regimes whose newest observation is the oldest into OTHER, until no more than `most` are apart."""
    surplus = len(regimes) - (OTHER_REGIME in regimes) - most
    if surplus <= 0:
        return
    oldest = list(islice((name for name in regimes if name != OTHER_REGIME), surplus))
    other = regimes.get(OTHER_REGIME, NO_OBSERVATIONS)
    for name in oldest:
        other = joined_cells(other, regimes.pop(name), decay)
        if blocks is not None:
            blocks[OTHER_REGIME] = joined(blocks.get(OTHER_REGIME, NO_TRADES), blocks.pop(name), other)
    # Where it stands in the order means nothing, but has to be the same however the observations were added.
    regimes.pop(OTHER_REGIME, None)
    regimes[OTHER_REGIME] = other
