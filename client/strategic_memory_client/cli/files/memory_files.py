"""Inline memories from files. Each is JSON of a memory, or one table as CSV or Parquet: its content tells which."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from strategic_memory_client.cli.files.csv_table import csv_table
from strategic_memory_client.cli.files.entry_table import KINDS, REQUIRED, entries_of
from strategic_memory_client.cli.files.json_memory import json_memory
from strategic_memory_client.cli.files.parquet_table import PARQUET, parquet_table
from strategic_memory_client.cli.files.table import FileError
from strategic_memory_client.values.analysis_request import InlineMemory

STDIN = "-"


def read_memory(given: Sequence[str], report: Callable[[str], None]) -> InlineMemory:
    """Read files, "-" being stdin; what was read of a table is told.

    Args:
        given: paths, each of which may start with the name of the table that is in it and "=".
        report: takes a line.

    Raises:
        OSError: a file cannot be read.
        FileError: it is none that there is a use for, or two files give the same.
    """
    given_so_far: dict[str, Any] = {}
    for each in given:
        for name, value in _read(each, report).items():
            if name in given_so_far:
                raise FileError(f"{each}: gives {name}, which another file gives too")
            given_so_far[name] = value
    return InlineMemory(**given_so_far)


def lengths(memory: InlineMemory) -> dict[str, int]:
    """Return how many entries each table of a memory from files has."""
    return {kind: len(list(getattr(getattr(memory, kind), column))) for kind, column in REQUIRED.items()}


def _read(given: str, report: Callable[[str], None]) -> dict[str, Any]:
    kind, _, path = given.partition("=")
    if not path or kind not in KINDS:
        kind, path = "", given
    content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    begins = content.lstrip()[:1]
    if not begins:
        raise FileError(f"{path}: is empty")
    if begins in b"{[":
        memory = json_memory(content, path)
        return {name: value for name in _NOTHING if (value := getattr(memory, name)) != _NOTHING[name]}
    table = parquet_table(content, path) if content.startswith(PARQUET) else csv_table(content, path)
    kind, columns, read = entries_of(table, kind or None)
    report(read)
    return {kind: columns}


_NOTHING = {field.name: getattr(InlineMemory(), field.name) for field in dataclasses.fields(InlineMemory)}
