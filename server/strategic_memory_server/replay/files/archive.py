"""Members of a .zip, each read as a file is."""

from __future__ import annotations

import csv
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table

_WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
_ENCRYPTED = 1


@contextmanager
def readable(shown: str) -> Iterator[None]:
    """Tell of anything that keeps packed bytes, or a file, from being read.

    Raises:
        ReplayError: something does.
    """
    try:
        yield
    except zipfile.BadZipFile as error:
        raise ReplayError(f"{shown}: is no .zip that can be read: {error}") from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise ReplayError(f"{shown}: is no .gz that can be read: {error}") from None
    except (zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError) as error:
        raise ReplayError(f"{shown}: cannot be unpacked: {error}") from None
    except csv.Error as error:
        raise ReplayError(f"{shown}: a line is no CSV: {error}") from None
    except UnicodeDecodeError:
        # The library of SQLite says what is damaged in the bytes of the damage.
        raise ReplayError(f"{shown}: is damaged") from None
    except OSError as error:
        raise ReplayError(f"{shown}: cannot be read: {error.strerror or error}") from None


def is_workbook(source: Source) -> bool:
    """Tell whether a .zip is a workbook of sheets."""
    with source.open() as file, zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
    return any(name in names for name in _WORKBOOKS)


def archive_tables(source: Source, contents: Callable[[Source], list[Table]]) -> list[Table]:
    """Return the tables of all members; one that cannot be read stands among them, unless none can.

    Args:
        source: the archive.
        contents: reads a member.

    Raises:
        ReplayError: nothing in it can be read.
    """
    with source.open() as file, zipfile.ZipFile(file) as archive:
        members = [each for each in archive.infolist() if not (each.is_dir() or _is_of_system(each.filename))]
    if not members:
        raise ReplayError(f"{source.shown}: is an empty archive")
    found: list[Table] = []
    refused: list[Table] = []
    for member in members:
        try:
            if member.flag_bits & _ENCRYPTED:
                raise ReplayError(f"{member.filename}: is encrypted: unpack it with its password")
            found += [table.within(member.filename) for table in contents(_member(source, member))]
        except ReplayError as error:
            refused.append(_unreadable(source, member, str(error)))
    if not found:
        told = [each.unreadable for each in refused]
        raise ReplayError("; ".join([f"{source.shown}: nothing in it can be read", *told]))
    return found + refused


def _is_of_system(name: str) -> bool:
    return name.startswith("__MACOSX") or PurePath(name).name in (".DS_Store", "Thumbs.db", "desktop.ini")


def _unreadable(source: Source, member: zipfile.ZipInfo, why: str) -> Table:
    return Table(f"{source.shown} ({member.filename})", (member.filename,), (), lambda: iter(()), unreadable=why)


def _member(source: Source, member: zipfile.ZipInfo) -> Source:
    def opened() -> IO[bytes]:
        # The archive is open as long as the member is.
        return zipfile.ZipFile(source.path or source.open()).open(member)

    return Source(f"{source.shown} ({member.filename})", max(member.file_size, 1), opened)
