"""What is moved into its place over a network, where the answer is lost and the request sent again, is in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strategic_memory_server.files.moved import move
from strategic_memory_server.regimes.label_file import write_labels
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.report.report_files import write_report

REPLACE = Path.replace


@pytest.fixture
def lost_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def sent_again(what: Path, place: Path) -> Path:
        REPLACE(what, place)
        return REPLACE(what, place)

    monkeypatch.setattr(Path, "replace", sent_again)


@pytest.mark.usefixtures("lost_answers")
def test_a_report_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """One file of it was new then, and the other one that of before."""
    (tmp_path / "report.html").write_text("<p/>")
    write_report(tmp_path, {"second": True}, "<b/>")
    assert json.loads((tmp_path / "report.json").read_text()) == {"second": True}
    assert (tmp_path / "report.html").read_text() == "<b/>"
    assert write_labels(tmp_path / "labels.csv", ()) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["labels.csv", "report.html", "report.json"]


def test_what_is_not_moved_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "what").touch()
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "what", tmp_path / "nowhere" / "what")
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "nothing", tmp_path / "place")

    def refused(_what: Path, _place: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(ReplayError, match="cannot be written: Permission denied"):
        write_report(tmp_path, {}, "<b/>")


def test_what_was_taken_away_is_told_though_an_older_file_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another run that writes the same; the older file was taken for the new one."""
    (tmp_path / "place").write_text("old")
    (tmp_path / "what").write_text("new")

    def taken_away(what: Path, place: Path) -> Path:
        what.unlink()
        return REPLACE(what, place)

    monkeypatch.setattr(Path, "replace", taken_away)
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "what", tmp_path / "place")
