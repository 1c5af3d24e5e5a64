"""Trades of a freqtrade backtest export: its JSON, or the .zip that holds it.

A trade is known when it is closed, so its time is the time of its close; when it was opened is read beside it. An
export is read a trade at a time.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.json_lines import page_of
from strategic_memory_server.replay.files.json_stream import BrokenJsonError, JsonStream
from strategic_memory_server.replay.files.page import Page

TRADES_AT_ONCE = 2_000
"""Trades of a page: each has dozens of fields."""


def freqtrade_pages(path: Path, strategy: str | None = None) -> Iterator[Page]:
    """Read the trades of the strategy of an export; of several, those of the one that is named.

    A row has the trade's own names, and beside them `time` (its close), `opened`, `realized_pnl` (`profit_ratio`) and
    `strategy`.

    Raises:
        ReplayError: it is no such export, or cannot be read to its end.
    """
    if path.suffix.lower() != ".zip":
        with path.open("rb") as file:
            yield from _pages(path, "", file, max(path.stat().st_size, 1), strategy)
        return
    with _readable(path), zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if each.filename.lower().endswith(".json")]
        for member in members:
            with archive.open(member) as file:
                if _is_export(file):
                    file.seek(0)
                    yield from _pages(path, member.filename, file, max(member.file_size, 1), strategy)
                    return
    raise _no_export(path)


def _pages(path: Path, member: str, file: IO[bytes], size: int, chosen: str | None) -> Iterator[Page]:
    if not _is_export(file):
        raise _no_export(path)
    file.seek(0)
    collected = _Collected()
    strategies: dict[str, None] = {}
    try:
        with _document(file) as stream:
            for strategy, trade in _trades(stream):
                strategies[strategy] = None
                if strategy != (chosen or next(iter(strategies))):
                    continue
                collected.add(strategy, trade)
                if collected.full:
                    yield collected.page(min(file.tell() / size, 1.0))
    except BrokenJsonError as error:
        within = f" ({member})" if member else ""
        raise ReplayError(
            f"{path}{within}: its JSON is broken: {error}; {collected.trades:,} trades were read before. "
            "Export it again"
        ) from None
    if chosen is None and len(strategies) > 1:
        raise ReplayError(
            f"{path}: holds the trades of {len(strategies)} strategies, {', '.join(strategies)}; together they are the "
            "record of nobody: choose one with --strategy"
        )
    if chosen is not None and chosen not in strategies:
        raise ReplayError(f"{path}: has no strategy {chosen!r}; it holds {', '.join(strategies) or 'none with trades'}")
    if not collected.trades:
        raise ReplayError(f"{path}: holds no trades: a freqtrade backtest export has them under strategy.<name>.trades")
    yield collected.page(1.0)


@contextmanager
def _document(file: IO[bytes]) -> Iterator[JsonStream]:
    # A byte that is not UTF-8 stays in its cell, and is refused there.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape")
    try:
        yield JsonStream(text)
    finally:
        # The file is closed by who opened it.
        text.detach()


def _is_export(file: IO[bytes]) -> bool:
    """Tell whether a document has an object `strategy`; what comes before it is passed over."""
    try:
        with _document(file) as stream:
            for name in stream.members() if stream.peek() == "{" else ():
                if name == "strategy" and stream.peek() == "{":
                    return True
                stream.skip()
    except BrokenJsonError:
        return False
    return False


def _trades(stream: JsonStream) -> Iterator[tuple[str, object]]:
    """Give the trades of every strategy, with its name."""
    for name in stream.members():
        if name != "strategy" or stream.peek() != "{":
            stream.skip()
            continue
        for strategy in stream.members():
            if stream.peek() != "{":
                stream.skip()
                continue
            for part in stream.members():
                if part != "trades" or stream.peek() != "[":
                    stream.skip()
                    continue
                for _ in stream.elements():
                    yield strategy, stream.value()


class _Collected:
    """The trades of a page."""

    def __init__(self) -> None:
        self.trades = 0
        self._rows: list[Mapping[str, object]] = []
        self._lines: list[int] = []
        self._broken: list[tuple[int, str]] = []

    @property
    def full(self) -> bool:
        return len(self._rows) + len(self._broken) >= TRADES_AT_ONCE

    def add(self, strategy: str, trade: object) -> None:
        """Take a trade, or what stands in its place."""
        self.trades += 1
        if isinstance(trade, dict):
            self._rows.append(_row(strategy, trade))
            self._lines.append(self.trades)
        else:
            self._broken.append((self.trades, "not_an_object"))

    def page(self, read_share: float) -> Page:
        """Give what was collected, and begin again."""
        page = page_of(self._rows, self._lines, self._broken, read_share)
        self._rows, self._lines, self._broken = [], [], []
        return page


def _row(strategy: str, trade: Mapping[str, Any]) -> dict[str, object]:
    closed, opened = trade.get("close_timestamp"), trade.get("open_timestamp")
    own = {
        "time": trade.get("close_date") if closed is None else closed,
        "opened": trade.get("open_date") if opened is None else opened,
        "realized_pnl": trade.get("profit_ratio"),
        "strategy": strategy,
    }
    # A trade's orders are a list: no column of ours can be read from one.
    flat = {name: value for name, value in trade.items() if not isinstance(value, list | dict)}
    return {**flat, **own, "kind": "trade"}


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, NotImplementedError) as error:
        raise ReplayError(f"{path}: is no .zip that can be read: {error}") from None


def _no_export(path: Path) -> ReplayError:
    return ReplayError(
        f"{path}: is no freqtrade backtest export: its JSON needs an object `strategy` with `trades`; "
        "for one JSON object a line use the ending .jsonl"
    )
