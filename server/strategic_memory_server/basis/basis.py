"""Basis: what a revision rests on, so that it can be computed again, and what was not as it was can be named.

Streams only grow and lose, so where a window begins and ends and how many entries it has says what was in it. What
changes in its place (the sums of the long memory, the settings) is known by a digest. Caps on leverage, the times and
the advice before are in the log itself.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import TypeAdapter

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.settings_by_variable import as_text, settings_by_variable, told_by_older
from strategic_memory_server.analysis.analysis import Analysis
from strategic_memory_server.entries.input_keys import STREAM_SOURCES
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.inputs.stretch import Stretch

DIGEST_BYTES = 8


class MemoryMark(NamedTuple):
    """The long memory: id of the last entry of the trade stream in it, trades in its sums, digest of those."""

    read_up_to: str
    trades: int
    digest: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What a revision rests on.

    Attributes:
        windows: what was read of each stream, in the order of `STREAM_SOURCES`; None: it could not be read.
        figures: digest of the figures by regime that follow from them.
        memory: the long memory.
        settings: digest of the settings that decide what is advised.
        exploration: what was being tried in the regime of then, as the long memory holds it; empty: nothing. Older
            versions wrote down all regimes.
        may_explore: whether a trial might begin: not while trades were still missing from the sums.
    """

    windows: tuple[Stretch | None, ...]
    figures: str
    memory: MemoryMark
    settings: str
    exploration: str = ""
    may_explore: bool = True

    def as_text(self) -> str:
        """Write it as the log carries it, one line of JSON without names: some 250 bytes."""
        plain: list[object] = [self.windows, self.figures, self.memory, self.settings]
        if self.exploration or not self.may_explore:
            plain += [self.exploration, self.may_explore]
        return json.dumps(plain, separators=(",", ":"))


_SHAPE = TypeAdapter(
    tuple[tuple[Stretch | None, Stretch | None, Stretch | None], str, MemoryMark, str]
    | tuple[tuple[Stretch | None, Stretch | None, Stretch | None], str, MemoryMark, str, str, bool]
)


def basis_of_text(text: bytes) -> Basis:
    """Read what `as_text` gave; ValueError where it is something else."""
    return Basis(*_SHAPE.validate_json(text))


def windows_of(stretches: Mapping[str, Stretch]) -> tuple[Stretch | None, ...]:
    """Put what was read of the streams, by source, into its order."""
    return tuple(stretches.get(source) for source in STREAM_SOURCES)


def digest_of_analysis(analysis: Analysis) -> str:
    """Digest what advice is made of."""
    figures = [
        (each.regime, each.sample_count, each.total_pnl, each.wins, each.losses, each.confidence, each.best_policy)
        for each in analysis.regimes
    ]
    return _digest(repr((analysis.current_regime, analysis.sample_count, figures)).encode())


def digest_of_sums(sums: EvidenceSums, *, change: bool = False) -> str:
    """Digest the sums of the long memory, to the last bit; with the blocks beside them, where change is looked for.

    But for what changes before each block explain: its last bit is that of a logarithm, which is another on another
    machine.
    """
    numbers = array("d", (number for cells in sums.regimes.values() for cell in cells for number in cell))
    parts = "\n".join(sums.regimes).encode(), numbers.tobytes(), repr(sums.decay).encode()
    if not change or sums.blocks is None:
        return _digest(*parts)
    found = [sums.blocks[name] for name in sums.regimes]
    of_blocks = [
        (block.observations, block.weight, block.pnl, block.squared_pnl) for blocks in found for block in blocks.held
    ]
    residuals = [tuple(blocks.residuals) for blocks in found]
    return _digest(*parts, repr((of_blocks, residuals)).encode())


def digest_of_settings(settings: AdviceSettings) -> str:
    """Digest the settings that decide what is advised; one that came later and changes nothing is left out."""
    return _digest(as_text(told_by_older(settings_by_variable(settings))).encode())


def _digest(*parts: bytes) -> str:
    return hashlib.blake2b(b"\0".join(parts), digest_size=DIGEST_BYTES).hexdigest()
