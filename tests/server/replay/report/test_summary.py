"""The summary on the terminal: what was read of each table, wherever in a file it lies."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from strategic_memory_server.replay.command import run_replay
from strategic_memory_server.replay.judging.options import ReplayOptions

TRADES = "time,realized_pnl\n2024-01-05,1.5%\n2024-01-06,-0.5%\n2024-01-07,2%\n"


@pytest.mark.parametrize("name", ["trades.csv", "exports.zip"])
def test_how_a_column_is_written_is_told_of_a_file_and_of_a_table_within_one(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("january.csv", TRADES)
    else:
        file.write_text(TRADES)
    assert run_replay(ReplayOptions(files=(file,), out=tmp_path / "report"), quiet=False) == 0
    assert "realized_pnl: percent, read as fractions" in capsys.readouterr().out
