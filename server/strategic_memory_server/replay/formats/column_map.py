"""ColumnMap: which columns of the files are which of ours, as the user says it, for all files or for one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strategic_memory_server.replay.files.column_names import COLUMNS
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.table import again
from strategic_memory_server.replay.formats.format import found
from strategic_memory_server.replay.formats.naming import WITHOUT_NAME

_NEXT_PAIR = re.compile(r",(?=[^,=]*=)")
"""Only a comma before another pair divides: a name of a column may hold one."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The files' names of columns, by ours.

    Attributes:
        everywhere: for all files that have such a column.
        by_file: for one file, by its path or its name.
    """

    everywhere: Mapping[str, str] = field(default_factory=dict)
    by_file: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, file: Path) -> dict[str, str]:
        """Return what holds for a file; what is said of it alone goes before what is said of all."""
        names = dict(self.everywhere)
        for key in (file.name, str(file)):
            names |= self.by_file.get(key, {})
        return names

    def own(self, file: Path) -> dict[str, str]:
        """Return what is said of a file alone."""
        return {**self.by_file.get(file.name, {}), **self.by_file.get(str(file), {})}

    def require_files(self, files: Iterable[Path]) -> None:
        """Refuse a map of a file that is not read.

        Raises:
            ReplayError: there is one; the message names the nearest that is.
        """
        known = {key: None for file in files for key in (file.name, str(file))}
        for file in self.by_file:
            if file not in known:
                raise ReplayError(f"--map {file}:...: no file is called {file!r}{_nearest(file, known)}")


def parse_map(texts: Sequence[str]) -> ColumnMap:
    """Read `ours=theirs,...`, once or several times; `file:ours=theirs,...` holds for one file.

    Raises:
        ReplayError: it is none, or names no column of ours.
    """
    everywhere: dict[str, str] = {}
    by_file: dict[str, dict[str, str]] = {}
    for text in texts:
        names = everywhere
        for pair in filter(None, map(str.strip, _NEXT_PAIR.split(text))):
            file, ours, theirs = _parts(pair)
            if file:
                names = by_file.setdefault(file, {})
            if names.setdefault(ours, theirs) != theirs:
                raise ReplayError(f"--map {pair!r}: {ours} is {names[ours]!r} already; give one of the two")
    return ColumnMap(everywhere, by_file)


def _parts(pair: str) -> tuple[str, str, str]:
    left, separator, theirs = (part.strip() for part in pair.partition("="))
    file, _, ours = left.rpartition(":")
    if not separator or not ours or not theirs:
        raise ReplayError(
            f"--map {pair!r}: give a column here and its name in the file, realized_pnl=profit, or for one file "
            "trades.csv:realized_pnl=profit"
        )
    if ours not in COLUMNS:
        raise ReplayError(f"--map {pair!r}: {ours!r} is no column here; there are {', '.join(COLUMNS)}")
    return file, ours, theirs


def require_mapped(names: Mapping[str, str], columns: Collection[str], where: str = "no file has") -> None:
    """Refuse a map that names a column which is not there.

    Raises:
        ReplayError: it does; the message names the nearest one.
    """
    for ours, theirs in names.items():
        if mapped_column(theirs, columns) is None:
            raise ReplayError(f"--map {ours}={theirs}: {where} a column {theirs!r}{_nearest(theirs, columns)}")


def mapped_column(theirs: str, columns: Collection[str]) -> str | None:
    """Return the column that is meant: the one of this very name, or else without regard to case and spaces."""
    if theirs == WITHOUT_NAME:
        return "" if "" in columns else None
    return theirs if theirs in columns else found([theirs, theirs.removesuffix(again("", 1))], columns)


def _nearest(name: str, known: Collection[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"; is it {nearest[0]!r}?" if nearest else "; there are none"
