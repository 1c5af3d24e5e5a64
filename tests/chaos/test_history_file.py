"""Recorded histories are read back as they were, and a broken one fails the command."""

from __future__ import annotations

import gzip
import math
from dataclasses import replace
from pathlib import Path

import pytest
from chaos.__main__ import main
from chaos.history_file import read_history, write_history
from history.made_up_history import made_up_history
from history.model import Restart


@pytest.mark.parametrize("seed", range(5))
def test_a_history_is_read_back_as_it_was(seed: int, tmp_path: Path) -> None:
    history = replace(made_up_history(seed), restarts=(Restart("127.0.0.1:1001", 5.0),))
    assert any(publish.absent_ms == -math.inf for publish in history.publishes) or history.publishes
    write_history(history, tmp_path / "history.json.gz")
    assert read_history(tmp_path / "history.json.gz") == history


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"{}", mtime=0), gzip.compress(b'{"type": "Position"}', mtime=0)]
)
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a recorded history"):
        read_history(path)


def test_the_command_checks_a_history_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.json.gz"
    monkeypatch.setattr("sys.argv", ["chaos", "--replay", str(path)])
    history = made_up_history(3)
    write_history(history, path)
    assert main() == 0
    write_history(replace(history, publishes=history.publishes[1:]), path)
    assert main() == 1
    assert "was never in the log" in capsys.readouterr().out


def test_the_command_names_the_runs_when_it_knows_none_of_the_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["chaos", "--run", "no such"])
    assert main() == 2
    assert "there are: killed servers, frozen leader" in capsys.readouterr().out
