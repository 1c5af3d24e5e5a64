"""Blocks as plain values for JSON, and back; and blocks for sums that have none.

Blocks lie beside the sums whose trades they hold, in one value. A version that does not know them writes the sums
without them, so they never hold other trades than the sums do. Earlier versions wrote one more number of each block
after L, how likely changes before it were, and the first of them a list of blocks alone, without residuals: both are
gone on from.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace

from strategic_memory_server.evidence.change.blocks import MOST, Block, Blocks
from strategic_memory_server.evidence.change.growth import adopted
from strategic_memory_server.evidence.change.residuals import FARTHEST, NO_RESIDUALS, Residuals
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.memory.json_types import JsonObject, JsonValue

_NUMBERS = 10
_BLOCKS, _RESIDUALS = "blocks", "residuals"
_ROUNDING = 1e-6


def blocks_to_plain(blocks: Mapping[str, Blocks]) -> JsonObject:
    """The blocks by regime: each a list of L, and w, x and y of each policy; beside them the sums of residuals."""
    return {name: _plain(blocks[name]) for name in sorted(blocks)}


def _plain(blocks: Blocks) -> JsonObject:
    numbers: list[JsonValue] = [[length, *weight, *pnl, *squares] for length, weight, pnl, squares in blocks.held]
    return {_BLOCKS: numbers, _RESIDUALS: list(blocks.residuals)}


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
        if found is None or sum(block.observations for block in found.held) != sums.count_of(name):
            found, missing = adopted(cells), missing + 1
        blocks[name] = found
    return replace(sums, blocks=blocks), missing


def _blocks(plain: JsonValue) -> Blocks | None:
    if isinstance(plain, dict):
        held, residuals = _held(plain.get(_BLOCKS)), _residuals(plain.get(_RESIDUALS))
        return None if held is None or residuals is None else Blocks(held, residuals)
    held = _held(plain)
    return None if held is None else Blocks(held, NO_RESIDUALS)


def _held(plain: JsonValue) -> tuple[Block, ...] | None:
    if not isinstance(plain, list) or not 1 <= len(plain) <= MOST:
        return None
    found = [_block(each) for each in plain]
    return None if None in found else tuple(block for block in found if block is not None)


def _residuals(plain: JsonValue) -> Residuals | None:
    numbers = _finite(plain)
    if len(numbers) != len(Residuals._fields):
        return None
    newest, squares, products = numbers
    # No residual is farther out than that, and no sum of products is larger than the sum of squares.
    possible = abs(newest) <= FARTHEST and newest * newest <= squares * (1.0 + _ROUNDING)
    return Residuals(*numbers) if possible and abs(products) <= squares * (1.0 + _ROUNDING) else None


def _block(plain: JsonValue) -> Block | None:
    numbers = _finite(plain)
    if len(numbers) not in {_NUMBERS, _NUMBERS + 1}:
        return None
    length, sums = numbers[0], numbers[1 - _NUMBERS :]
    if length < 0 or length % 1 or min(*sums[:3], *sums[6:]) < 0:
        return None
    return Block(int(length), (sums[0], sums[1], sums[2]), (sums[3], sums[4], sums[5]), (sums[6], sums[7], sums[8]))


def _finite(plain: JsonValue) -> list[float]:
    return [
        float(each)
        for each in (plain if isinstance(plain, list) else [])
        if isinstance(each, int | float) and not isinstance(each, bool) and abs(each) <= sys.float_info.max
    ]
