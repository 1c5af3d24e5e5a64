"""Tables in the sheets of a workbook (xlsx, xlsb, xls, ods), by python-calamine, which the extra `replay` installs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from strategic_memory_server.replay.files.date_system import counts_from_1904
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.grid import grid_tables
from strategic_memory_server.replay.files.optional_module import optional_module
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table

_HIDDEN = "its sheet is hidden in the workbook"


def workbook_tables(source: Source) -> list[Table]:
    """Return the tables of all sheets.

    Raises:
        NotInstalledError: python-calamine is not installed.
        ReplayError: it cannot be read, or is protected by a password.
    """
    needs = f"{source.shown}: a workbook needs python-calamine, which is not installed: "
    calamine = optional_module("python_calamine", f"{needs}pip install 'strategic-memory[replay]'")
    try:
        with calamine.load_workbook(source.whole()) as book:
            sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
            shown = calamine.SheetVisibleEnum.Visible
            hidden = {each.name for each in book.sheets_metadata if each.visible != shown}
    except calamine.PasswordError:
        raise ReplayError(f"{source.shown}: is protected by a password: save it without one") from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise ReplayError(f"{source.shown}: is no workbook that can be read: {error}") from None
    is_since_1904 = counts_from_1904(source)
    found = []
    for name, rows in sheets.items():
        tables = grid_tables(source, [(number, list(map(_cell, row))) for number, row in enumerate(rows, start=1)])
        notes = (_HIDDEN,) if name in hidden else ()
        found += [
            replace(
                table.within(name) if len(sheets) > 1 else table,
                is_sheet=True,
                is_since_1904=is_since_1904,
                notes=(*table.notes, *notes),
            )
            for table in tables
        ]
    return found


def _cell(value: object) -> Cell:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return value if isinstance(value, str | int | float) else None
