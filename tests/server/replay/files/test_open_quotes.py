"""A quote that is never closed takes in the rows below it: they are refused, and were passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from each_case import each_case
from replay_records import csv_of, refused

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS

HEAD = "time,regime,realized_pnl,note\n"
NOTE = '"first, of two\nsecond, of two\n\n3, a, b, 7"'


def rows(count: int, **notes: str) -> list[str]:
    """Rows with a note each; those of rows by number from 0 are given as `_3='"x"'`."""
    return [f"2024-01-05 {row % 24:02}:00,BULL,{row}.5,{notes.get(f'_{row}', 'x')}\n" for row in range(count)]


def replaced(lines: list[str], line: int, text: str) -> list[str]:
    """The lines with one of them exchanged."""
    return [*lines[:line], text, *lines[line + 1 :]]


QUOTED = ['"' + line.strip().replace(",", '","') + '"\n' for line in rows(20)]


@each_case(
    ("lines", "first", "last"),
    [
        (rows(20, _5='"oops', _9='"fine"'), 7, 11),
        (rows(20, _5='"oops', _9='"fine, too"'), 7, 11),
        (rows(20, _5='"oops'), 7, 21),
        (rows(20, _0='"oops', _1='"fine"'), 2, 3),
        (replaced(rows(20), 5, '2024-01-05 05:00,"BULL,5.5,x\n'), 7, 21),
        (replaced(rows(20, _6=""), 5, '"2024-01-05 05:00,BULL,5.5,x\n"'), 7, 8),
        (replaced(QUOTED, 5, '"2024-01-05 05:00","BULL","5.5","x\n'), 7, 8),
        (rows(PAGE_ROWS + 9, _9998='"oops', _10003='"fine"'), 10_000, 10_005),
        (rows(9_000, _5='"oops'), 7, None),
    ],
)
def test_the_lines_of_a_quote_that_is_not_closed_are_refused(
    lines: list[str], first: int, last: int | None, tmp_path: Path
) -> None:
    record = csv_of(tmp_path, HEAD + "".join(lines))
    ((reason, (count, shown)),) = refused(record).items()
    assert (reason, shown[0]) == ("quote_not_closed", f"record.csv:{first}")
    assert last is None or count == last - first + 1
    assert len(record) + count == "".join(lines).count("\n")


def test_a_note_of_several_lines_is_read(tmp_path: Path) -> None:
    for notes in ({"_0": NOTE, "_7": NOTE, "_8": NOTE}, {"_19": '"cut off'}):
        record = csv_of(tmp_path, HEAD + "".join(rows(20, **notes)))
        assert (len(record), record.rejected.rows) == (20, 0)
    record = csv_of(tmp_path, "note," + HEAD + "".join(f'"1, 2\n{row}",{line}' for row, line in enumerate(rows(20))))
    assert (len(record), record.rejected.rows) == (20, 0)


STATEMENT = "Trades,Header,Symbol,Date/Time,Quantity,Realized P/L\n" + "".join(
    f"Trades,Data,{symbol},2024-01-0{day},1,5\n" for day, symbol in enumerate(["X", '"Y', "X", '"Z"', "X"], start=1)
)  # fmt: skip


@each_case(
    ("text", "line"),
    [
        (HEAD.replace("note", '"note') + "".join(rows(5, _3='"fine"')), 1),
        (HEAD + "".join(rows(5)) + "\n" + HEAD.replace("note", "fees") + "".join(rows(5, _2='"oops')), 11),
        (STATEMENT, 3),
    ],
)
def test_one_in_names_or_between_tables_is_an_error_that_names_the_line(text: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=rf"record\.csv: line {line}: a quote .* is not closed, .*: close it"):
        csv_of(tmp_path, text)
