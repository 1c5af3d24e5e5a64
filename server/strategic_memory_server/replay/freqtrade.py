"""Trades of a freqtrade backtest export: its JSON, or the .zip that holds it.

A trade is known when it is closed, so its time is the time of its close.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strategic_memory_server.replay.errors import ReplayError
from strategic_memory_server.replay.json_lines import page_of
from strategic_memory_server.replay.page import PAGE_ROWS, Page

MAX_BYTES = 1 << 30
"""Largest export that is read, unpacked: it has to be held as a whole."""


def freqtrade_pages(path: Path) -> Iterator[Page]:
    """Read the trades of every strategy of an export.

    A row has the trade's own names, and beside them `time` (its close), `realized_pnl` (`profit_ratio`) and `strategy`.

    Raises:
        ReplayError: it is no such export.
    """
    strategies = _strategies(path)
    trades = [
        (name, trade)
        for name, result in strategies.items()
        if isinstance(result, Mapping)
        for trade in _list(result.get("trades"))
    ]
    if not trades:
        raise ReplayError(f"{path}: holds no trades: a freqtrade backtest export has them under strategy.<name>.trades")
    for start in range(0, len(trades), PAGE_ROWS):
        some = trades[start : start + PAGE_ROWS]
        rows = [_row(name, trade) for name, trade in some if isinstance(trade, Mapping)]
        numbers = range(start + 1, start + len(some) + 1)
        lines = [number for number, (_, trade) in zip(numbers, some, strict=True) if isinstance(trade, Mapping)]
        broken = [
            (number, "not_an_object")
            for number, (_, trade) in zip(numbers, some, strict=True)
            if not isinstance(trade, Mapping)
        ]
        yield page_of(rows, lines, broken, (start + len(some)) / len(trades))


def _row(strategy: str, trade: Mapping[str, Any]) -> dict[str, object]:
    closed = trade.get("close_timestamp")
    own = {
        "time": trade.get("close_date") if closed is None else closed,
        "realized_pnl": trade.get("profit_ratio"),
        "strategy": strategy,
    }
    return {**trade, **own, "kind": "trade"}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _strategies(path: Path) -> Mapping[str, object]:
    for text in _texts(path):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        strategies = document.get("strategy") if isinstance(document, dict) else None
        if isinstance(strategies, dict):
            return strategies
    raise ReplayError(
        f"{path}: is no freqtrade backtest export: its JSON needs an object `strategy` with `trades`; "
        "for one JSON object a line use the ending .jsonl"
    )


def _texts(path: Path) -> Iterator[bytes]:
    """Give what may be the export: the file itself, or each JSON file of the archive."""
    if path.suffix.lower() != ".zip":
        _require_size(path, path.stat().st_size)
        yield path.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.lower().endswith(".json"):
                    _require_size(path, member.file_size)
                    yield archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise ReplayError(f"{path}: is no .zip that can be read: {error}") from None


def _require_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise ReplayError(f"{path}: holds {size} bytes of JSON, more than {MAX_BYTES}: export fewer trades at once")
