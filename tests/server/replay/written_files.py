"""The same rows as files of every kind."""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

pa: Any = importlib.import_module("pyarrow")
feather: Any = importlib.import_module("pyarrow.feather")
parquet: Any = importlib.import_module("pyarrow.parquet")

Header: TypeAlias = Sequence[str]
Rows: TypeAlias = Sequence[Sequence[object]]


def csv_text(header: Header, rows: Rows, delimiter: str = ",") -> str:
    """The rows as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([header, *rows])
    return text.getvalue()


def objects(header: Header, rows: Rows) -> list[dict[str, object]]:
    """The rows as objects."""
    return [dict(zip(header, row, strict=True)) for row in rows]


def html_text(header: Header, rows: Rows) -> str:
    """The rows as a report has them: a title, a row of names and cells that are not shown."""
    lines = [f"<tr><th colspan=9>Deals</th></tr><tr>{''.join(f'<td><b>{name}</b></td>' for name in header)}</tr>"]
    for row in rows:
        cells = "".join(f"<td>{cell}</td>" for cell in row)
        lines.append(f"<tr><td class='hidden x'>none</td>{cells}</tr>")
    return f"<!DOCTYPE html><html><body><table>{''.join(lines)}</table></body></html>"


def xml_text(header: Header, rows: Rows) -> str:
    """The rows as elements that have nothing but attributes."""
    elements = "".join(
        "<Trade " + " ".join(f'{name}="{cell}"' for name, cell in zip(header, row, strict=True)) + " />" for row in rows
    )
    return f'<FlexQueryResponse queryName="x"><Trades>{elements}</Trades></FlexQueryResponse>'


def arrow_table(header: Header, rows: Rows) -> Any:  # noqa: ANN401  pyarrow has no types
    """The rows as a table of Arrow."""
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(header)})


def write_sqlite(path: Path, header: Header, rows: Rows) -> None:
    """Write the rows as a table beside another one."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE versions (version INTEGER)")
        database.execute(f"CREATE TABLE trades ({', '.join(header)})")
        database.executemany(f"INSERT INTO trades VALUES ({', '.join('?' * len(header))})", rows)  # noqa: S608


def write_workbook(path: Path, sheets: Mapping[str, Rows], settings: str = "", hidden: Container[str] = ()) -> None:
    """Write sheets as xlsx, some of them hidden, with as little in it as is needed."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" state="{"hidden" if name in hidden else "visible"}" r:id="r{n}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    targets = "".join(f'<Relationship Id="r{n}" Type="{kind}/worksheet" Target="sheet{n}.xml"/>' for n in numbers)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            f'<Relationships {relations}><Relationship Id="r0" Type="{kind}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook {main} xmlns:r="{kind}">{settings}<sheets>{listed}</sheets></workbook>'
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships {relations}>{targets}</Relationships>")
        for n, rows in zip(numbers, sheets.values(), strict=True):
            cells = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            archive.writestr(f"xl/sheet{n}.xml", f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>")


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


def _packed(path: Path, header: Header, rows: Rows) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("read me.txt", "what this is")
        archive.writestr("more/rows.csv.gz", gzip.compress(csv_text(header, rows).encode()))


def _parquet_in_zip(path: Path, header: Header, rows: Rows) -> None:
    held = io.BytesIO()
    parquet.write_table(arrow_table(header, rows), held)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows", held.getvalue())


KINDS: Mapping[str, Callable[[Path, Header, Rows], object]] = {
    "comma": lambda path, header, rows: path.write_text(csv_text(header, rows)),
    "semicolon": lambda path, header, rows: path.write_text(csv_text(header, rows, delimiter=";")),
    "utf-16": lambda path, header, rows: path.write_text(csv_text(header, rows, delimiter="\t"), "utf-16"),
    "utf-16 without mark": lambda path, header, rows: path.write_text(csv_text(header, rows), "utf-16-le"),
    "windows-1252": lambda path, header, rows: path.write_text(csv_text(header, rows) + "\n", "cp1252"),
    "json lines": lambda path, header, rows: path.write_text(
        "\n".join(map(json.dumps, objects(header, rows)))
    ),
    "json list": lambda path, header, rows: path.write_text(json.dumps(objects(header, rows), indent=1)),
    "json within": lambda path, header, rows: path.write_text(json.dumps({"id": 1, "trades": objects(header, rows)})),
    "pandas columns": lambda path, header, rows: path.write_text(
        json.dumps({name: {str(n): row[place] for n, row in enumerate(rows)} for place, name in enumerate(header)})
    ),
    "pandas split": lambda path, header, rows: path.write_text(
        json.dumps({"columns": list(header), "index": list(range(len(rows))), "data": [list(row) for row in rows]})
    ),
    "pandas index": lambda path, header, rows: path.write_text(
        json.dumps({str(number): row for number, row in enumerate(objects(header, rows))})
    ),
    "parquet": lambda path, header, rows: parquet.write_table(arrow_table(header, rows), path),
    "feather": lambda path, header, rows: feather.write_feather(arrow_table(header, rows), str(path)),
    "gzip": lambda path, header, rows: path.write_bytes(gzip.compress(csv_text(header, rows).encode())),
    "zip of gzip": _packed,
    "zip of parquet": _parquet_in_zip,
    "sqlite": write_sqlite,
    "workbook": lambda path, header, rows: write_workbook(path, {"Notes": [["x"]], "Trades": [["T"], header, *rows]}),
    "html": lambda path, header, rows: path.write_text(html_text(header, rows), "utf-16"),
    "xml": lambda path, header, rows: path.write_text(xml_text(header, rows)),
}  # fmt: skip
"""Writes rows into a file, by the kind of file."""
