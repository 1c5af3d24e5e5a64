"""`make records` says of an export whether it is read as its tool counts it; here of one that is kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from records.__main__ import compared
from records.expected import all_exports


def test_a_row_says_whether_what_is_read_is_what_the_tool_said(tmp_path: Path) -> None:
    (kept,) = [export for export in all_exports() if export.path.name == "vectorbt.csv"]
    export = replace(kept, path=Path(shutil.copy(kept.path, tmp_path)))
    assert compared(export) == ("vectorbt", "1.2.0", "vectorbt.csv", "53", "53", "-28.074", "-28.074", "yes")
    assert compared(replace(export, results=54))[-1] == "NO"
    assert compared(replace(export, pnl=export.pnl * 1.001))[-1] == "NO"
    export.path.write_text("a,b\n1,2\n")
    assert compared(export)[-4:] == ("refused", "-28.074", "", "NO")
