#!/usr/bin/env bash
# python-calamine 0.9.1: a cell with an error reads as an empty one, and a time at midnight as a date.
#
# Guessed: `#DIV/0!` comes as text or as an error, and a column of times holds datetimes.
# Seen: the error comes as '', as an empty cell does; of two cells with the same date-and-time format the one at 00:00
# comes as datetime.date, which cannot be compared with the datetime.datetime beside it.
# What follows: a pnl that a spreadsheet could not work out looks like one that was never written, and sorting trades by
# such a column fails on the first one at midnight.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5
"$folder/venv/bin/python" - "$folder/trades.xlsx" <<'PYTHON'
import datetime
import sys

import openpyxl
import python_calamine

book = openpyxl.Workbook()
sheet = book.active
for row in (
    [datetime.datetime(2024, 1, 5, 9, 30), 0.5],
    [datetime.datetime(2024, 1, 6, 0, 0), None],
    [datetime.datetime(2024, 1, 7, 9, 30), "#DIV/0!"],
):
    sheet.append(row)
sheet["B3"].data_type = "e"
for cell in ("A1", "A2", "A3"):
    sheet[cell].number_format = "yyyy-mm-dd hh:mm:ss"
book.save(sys.argv[1])

rows = python_calamine.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python()
for row in rows:
    print(f"python-calamine 0.9.1: {row}")
assert rows[1][1] == rows[2][1] == "", "an error can be told from an empty cell now"
assert type(rows[0][0]) is datetime.datetime
assert type(rows[1][0]) is datetime.date, "midnight comes as a time now"
PYTHON
