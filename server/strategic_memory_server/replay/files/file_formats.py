"""Which format a file has, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from strategic_memory_server.replay.files.csv_rows import csv_pages
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.freqtrade import freqtrade_pages
from strategic_memory_server.replay.files.json_lines import json_line_pages
from strategic_memory_server.replay.files.page import Page
from strategic_memory_server.replay.files.parquet_rows import feather_pages, parquet_pages

_READERS: Mapping[str, Callable[[Path], Iterator[Page]]] = {
    ".csv": csv_pages,
    ".tsv": csv_pages,
    ".txt": csv_pages,
    ".jsonl": json_line_pages,
    ".ndjson": json_line_pages,
    ".parquet": parquet_pages,
    ".pq": parquet_pages,
    ".feather": feather_pages,
    ".json": freqtrade_pages,
    ".zip": freqtrade_pages,
}


def pages_of(path: Path, strategy: str | None = None) -> Iterator[Page]:
    """Read a file, page by page.

    Args:
        path: the file.
        strategy: whose trades are read, where an export holds those of several.

    Raises:
        ReplayError: it cannot be read; the message says why.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ReplayError(
            f"{path}: the ending {path.suffix or '(none)'!r} names no format that is read: "
            ".csv, .jsonl, .parquet, .feather, or .json or .zip for a freqtrade backtest export"
        )
    try:
        yield from freqtrade_pages(path, strategy) if reader is freqtrade_pages else reader(path)
    except OSError as error:
        raise ReplayError(f"{path}: cannot be read: {error.strerror or error}") from None
