"""What a start of the service writes beside the data of its Redis."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from strategic_memory_server.embedded.private_files import write_private


def write_without_room(path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write on a disk that takes nothing more; whoever is killed before anything is on disk comes as far."""

    def no_room(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", no_room)
        with pytest.raises(OSError, match="No space left"):
            write_private(path, line)


def test_a_line_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty file of a password was a new password, which no producer knew."""
    path = tmp_path / "password"
    write_private(path, "first")
    write_without_room(path, "second", monkeypatch)
    assert path.read_text() == "first\n"
    write_private(path, "third")
    assert path.read_text() == "third\n"
    assert [each.name for each in tmp_path.iterdir()] == ["password"]


def test_whoever_reads_meanwhile_finds_the_whole_line_before(tmp_path: Path) -> None:
    path = tmp_path / "redis.env"
    write_private(path, "REDIS_URL=redis://first")
    with path.open() as read:
        write_private(path, "REDIS_URL=redis://second")
        assert read.read() == "REDIS_URL=redis://first\n"
    assert path.read_text() == "REDIS_URL=redis://second\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_written_has_reached_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power failure seconds after a start left the note that Redis had been stopped in order."""
    flushed = []

    def fsync(file: int) -> None:
        flushed.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file")

    monkeypatch.setattr(os, "fsync", fsync)
    write_private(tmp_path / "last-run", "this run of the kernel")
    assert flushed == ["file", "folder"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "password").symlink_to(tmp_path / "secrets" / "redis")
    write_private(tmp_path / "password", "line")
    assert (tmp_path / "password").is_symlink()
    assert (tmp_path / "secrets" / "redis").read_text() == "line\n"


def test_what_is_there_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file alone may be ours to write, as one that is mounted, and not its folder."""
    path = tmp_path / "password"
    write_private(path, "first")

    def refused(_what: Path, _place: Path) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", refused)
    write_private(path, "first")
    path.chmod(0o644)
    with pytest.raises(OSError, match="busy"):
        write_private(path, "first")
