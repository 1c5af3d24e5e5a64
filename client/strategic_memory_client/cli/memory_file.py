"""Reads an inline memory from a file: the JSON of the wire's `InlineMemory`, with null for what is not known."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Any, TypeVar

from strategic_memory_client.analysis import InlineMemory, PortfolioColumns, RegimeColumns, TradeColumns

_Columns = TypeVar("_Columns", RegimeColumns, PortfolioColumns, TradeColumns)

STDIN = "-"


def read_memory(path: str) -> InlineMemory:
    """Read a file, or stdin for "-". Raises OSError, or ValueError that says what is wrong where."""
    content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    try:
        document = json.loads(content, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError(f"{path} is nested too deep") from None
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    fields = _fields(document, "the document", InlineMemory)
    bound = fields.get("max_leverage_hint")
    if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float)):
        raise ValueError(f"max_leverage_hint must be a number, is {bound!r}")
    if isinstance(bound, int) and abs(bound) > sys.float_info.max:
        raise ValueError("max_leverage_hint is too large for a number")
    return InlineMemory(
        regime_observations=_columns(fields, "regime_observations", RegimeColumns),
        portfolio_entries=_columns(fields, "portfolio_entries", PortfolioColumns),
        trade_results=_columns(fields, "trade_results", TradeColumns),
        max_leverage_hint=None if bound is None else float(bound),
    )


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; one that says a thing twice does not say which it means."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is given twice")
    return made


def _columns(fields: dict[str, Any], name: str, kind: type[_Columns]) -> _Columns:
    given = fields.get(name)
    columns = {} if given is None else _fields(given, name, kind)
    for column, values in columns.items():
        if not isinstance(values, list):
            raise ValueError(f"{name}.{column} must be a list with one value per entry, is {values!r:.80}")
    made: _Columns = kind(**columns)
    return made


def _fields(given: object, path: str, kind: type) -> dict[str, Any]:
    known = [field.name for field in dataclasses.fields(kind)]
    if not isinstance(given, dict):
        raise ValueError(f"{path} must be an object with {', '.join(known)}, is {given!r:.80}")
    # The JSON form of protobuf spells its names in camel case.
    fields = {re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in given.items()}
    if len(fields) < len(given):
        raise ValueError(f"{path} has a field in both spellings, is {sorted(given)!r:.200}: give one of the two")
    unknown = sorted(fields.keys() - set(known))
    if unknown:
        raise ValueError(f"{path} has no {', '.join(unknown)}: it may have {', '.join(known)}")
    return fields
