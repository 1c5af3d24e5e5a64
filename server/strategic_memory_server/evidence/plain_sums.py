"""Evidence sums as plain values for JSON, and back. Numbers come back as they went: no digit is lost."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from strategic_memory_server.evidence.sums import MAX_PNL, CellSums, EvidenceSums, RegimeSums
from strategic_memory_server.memory.json_types import JsonObject, JsonValue
from strategic_memory_server.memory.policy import Policy

_DECAY, _REGIMES, _LAST_TRADE_ID, _NEWEST_LAST = "decay", "regimes", "last_trade_id", "newest_last"

_ROUNDING = 1e-6
"""Share by which sums may have drifted apart after many millions of updates."""

_MOST_OBSERVATIONS = 2.0**53
_UNDERFLOW = 1e-300
_SHOWN = 40


def to_plain(sums: EvidenceSums) -> JsonObject:
    """The sums as plain values: regimes by name, each cell a list in the order of `CellSums`."""
    regimes: JsonObject = {name: [_plain_cell(cell) for cell in sums.regimes[name]] for name in sorted(sums.regimes)}
    return {
        _DECAY: sums.decay,
        _LAST_TRADE_ID: sums.last_trade_id,
        _REGIMES: regimes,
        _NEWEST_LAST: list(sums.regimes),
    }


def from_plain(plain: JsonValue) -> EvidenceSums:
    """Read what `to_plain` gave. ValueError, naming the place, for anything that cannot have come from it."""
    if not isinstance(plain, dict):
        raise ValueError("evidence sums have to be an object")
    decay = _number(_DECAY, plain.get(_DECAY))
    if not 0.0 < decay <= 1.0:
        raise ValueError(f"{_DECAY} is {decay!r}, it has to be above 0 and at most 1")
    last_trade_id, regimes = plain.get(_LAST_TRADE_ID), plain.get(_REGIMES)
    if not isinstance(last_trade_id, str | None):
        raise ValueError(f"{_LAST_TRADE_ID} has to be text or null")
    if not isinstance(regimes, dict):
        raise ValueError(f"{_REGIMES} has to be an object")
    found = {name: _regime(name, cells) for name, cells in regimes.items()}
    return EvidenceSums(decay, {name: found[name] for name in _order(found, plain.get(_NEWEST_LAST))}, last_trade_id)


def _order(found: Mapping[str, RegimeSums], newest_last: JsonValue) -> list[str]:
    """The regimes in the order of their newest observation.

    Sums that were written before the order was are taken as if the regimes with the most observations had the newest.
    """
    if newest_last is None:
        return sorted(found, key=lambda name: (sum(cell.observations for cell in found[name]), name))
    names = [name for name in newest_last if isinstance(name, str)] if isinstance(newest_last, list) else None
    if names is None or sorted(names) != sorted(found):
        raise ValueError(f"{_NEWEST_LAST} has to be a list of the names in {_REGIMES}")
    return names


def _plain_cell(cell: CellSums) -> JsonValue:
    return [cell.observations, cell.weight, cell.squared_weight, cell.pnl, cell.squared_pnl]


def _regime(name: str, plain: JsonValue) -> RegimeSums:
    if not isinstance(plain, list) or len(plain) != len(Policy):
        raise ValueError(f"{_REGIMES}.{name} has to be a list of {len(Policy)} cells")
    cells = [_cell(f"{_REGIMES}.{name}.{policy.name}", cell) for policy, cell in zip(Policy, plain, strict=True)]
    return (cells[0], cells[1], cells[2])


def _cell(place: str, plain: JsonValue) -> CellSums:
    if not isinstance(plain, list) or len(plain) != len(CellSums._fields):
        raise ValueError(f"{place} has to be a list of {', '.join(CellSums._fields)}")
    numbers = [_number(f"{place}.{name}", value) for name, value in zip(CellSums._fields, plain, strict=True)]
    cell = CellSums(int(numbers[0]), *numbers[1:])
    if (
        cell.observations != numbers[0]
        or min(cell.observations, cell.weight, cell.squared_weight, cell.squared_pnl) < 0
    ):
        raise ValueError(f"{place} has a negative sum or a count that is no whole number")
    # An observation weighs at most 1, and its pnl has a largest size: more would overflow what is worked out of it.
    most = cell.observations * (1.0 + _ROUNDING)
    if most > _MOST_OBSERVATIONS or max(cell.weight, cell.squared_weight, cell.squared_pnl / MAX_PNL**2) > most:
        raise ValueError(f"{place} has sums that are larger than its count of observations allows")
    # Cauchy-Schwarz: sums that break it are of no set of observations.
    bound = cell.weight * cell.squared_pnl
    if cell.pnl * cell.pnl > bound * (1.0 + _ROUNDING) and cell.pnl * cell.pnl - bound > _UNDERFLOW:
        raise ValueError(f"{place} has a pnl that its squared_pnl does not allow")
    return cell


def _number(place: str, value: JsonValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise ValueError(f"{place} is {str(value)[:_SHOWN]!r}, it has to be a finite number")
    return float(value)  # a square of a whole number may be beyond what a float can hold
