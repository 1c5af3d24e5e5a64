"""Blocks as plain values for JSON, and back; and blocks for sums that have none.

Blocks lie beside the sums whose trades they hold, in one value. A version that does not know them writes the sums
without them, so they never hold other trades than the sums do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from strategic_memory_server.evidence.change.blocks import MOST, Block, Blocks
from strategic_memory_server.evidence.change.growth import adopted
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.memory.json_types import JsonObject, JsonValue

_NUMBERS = 11


def blocks_to_plain(blocks: Mapping[str, Blocks]) -> JsonObject:
    """The blocks by regime, each a list: L, F, and w, x and y of each policy."""
    return {
        name: [[length, before, *weight, *pnl, *squares] for length, before, weight, pnl, squares in blocks[name]]
        for name in sorted(blocks)
    }


def with_blocks(sums: EvidenceSums, plain: JsonValue) -> tuple[EvidenceSums, int]:
    """Return sums with the blocks that `blocks_to_plain` gave, and how many regimes had none.

    A regime whose blocks are missing, cannot be read, or hold more or fewer trades than its sums is gone on from as one
    block, made of its sums.
    """
    given = plain if isinstance(plain, dict) else {}
    blocks: dict[str, Blocks] = {}
    missing = 0
    for name, cells in sums.regimes.items():
        found = _blocks(given.get(name))
        if found is None or sum(block.observations for block in found) != sums.count_of(name):
            found, missing = adopted(cells), missing + 1
        blocks[name] = found
    return replace(sums, blocks=blocks), missing


def _blocks(plain: JsonValue) -> Blocks | None:
    if not isinstance(plain, list) or not 1 <= len(plain) <= MOST:
        return None
    found = [_block(each) for each in plain]
    return None if None in found else tuple(block for block in found if block is not None)


def _block(plain: JsonValue) -> Block | None:
    numbers = [
        float(each)
        for each in (plain if isinstance(plain, list) else [])
        if isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each)
    ]
    if len(numbers) != _NUMBERS or numbers[0] < 0 or numbers[0] % 1 or min(*numbers[2:5], *numbers[8:]) < 0:
        return None
    length, before, *sums = numbers
    return Block(
        int(length), before, (sums[0], sums[1], sums[2]), (sums[3], sums[4], sums[5]), (sums[6], sums[7], sums[8])
    )
