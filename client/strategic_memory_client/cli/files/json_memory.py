"""Inline memories as JSON: that of the wire's `InlineMemory`, with null for what is not known."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterable
from typing import Any, TypeVar

from strategic_memory_client.cli.files.table import FileError
from strategic_memory_client.values.analysis_request import InlineMemory, PortfolioColumns, RegimeColumns, TradeColumns

_Columns = TypeVar("_Columns", RegimeColumns, PortfolioColumns, TradeColumns)

_NAMES = {"regime", "market_regime", "policy", "strategy"}
"""Columns of names, which the wire also has in packed form."""


def json_memory(content: bytes, path: str) -> InlineMemory:
    """Read the content of a file. Raises FileError that says what is wrong where."""
    try:
        document = json.loads(content, object_pairs_hook=_each_once)
    except RecursionError:
        raise FileError(f"{path} is nested too deep") from None
    except ValueError as error:
        raise FileError(f"{path} is not JSON: {error}") from error
    fields = _fields(document, "the document", InlineMemory)
    bound = fields.get("max_leverage_hint")
    if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float)):
        raise FileError(f"max_leverage_hint must be a number, is {bound!r}")
    if isinstance(bound, int) and abs(bound) > sys.float_info.max:
        raise FileError("max_leverage_hint is too large for a number")
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
        raise FileError(f"{next(name for name in names if names.count(name) > 1)!r} is given twice")
    return made


def _columns(fields: dict[str, Any], name: str, kind: type[_Columns]) -> _Columns:
    given = fields.get(name)
    packed = [f"{column}_{part}" for column in _NAMES & _names_of(kind) for part in ("names", "code")]
    columns = {} if given is None else _fields(given, name, kind, packed)
    for column, values in columns.items():
        if not isinstance(values, list):
            raise FileError(f"{name}.{column} must be a list with one value per entry, is {values!r:.80}")
    made: _Columns = kind(**_unpacked(columns, name))
    return made


def _unpacked(columns: dict[str, list[Any]], table: str) -> dict[str, list[Any]]:
    """Return columns of names as the names themselves: the file may have them as a table of names and codes."""
    unpacked = dict(columns)
    for column in _NAMES:
        names, codes = unpacked.pop(f"{column}_names", []), unpacked.pop(f"{column}_code", [])
        if names and not codes:
            raise FileError(f"{table} has {column}_names and no {column}_code: give the place of each entry's name")
        if not codes:
            continue
        if column in unpacked:
            raise FileError(f"{table} has {column} and {column}_code: give one of the two")
        wrong = [code for code in codes if type(code) is not int or not 0 <= code < len(names)]
        if wrong:
            raise FileError(f"{table}.{column}_code must be places in {column}_names, from 0 up, has {wrong[0]!r:.80}")
        unpacked[column] = [names[code] for code in codes]
    return unpacked


def _names_of(kind: type) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def _fields(given: object, path: str, kind: type, more: Iterable[str] = ()) -> dict[str, Any]:
    known = [*(field.name for field in dataclasses.fields(kind)), *more]
    if not isinstance(given, dict):
        raise FileError(f"{path} must be an object with {', '.join(known)}, is {given!r:.80}")
    # The JSON form of protobuf spells its names in camel case.
    fields = {re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in given.items()}
    if len(fields) < len(given):
        raise FileError(f"{path} has a field in both spellings, is {sorted(given)!r:.200}: give one of the two")
    unknown = sorted(fields.keys() - set(known))
    if unknown:
        raise FileError(f"{path} has no {', '.join(unknown)}: it may have {', '.join(known)}")
    return fields
