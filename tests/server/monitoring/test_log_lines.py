"""LogLines: a log that cannot be written is no reason to stop, and is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from strategic_memory_server.monitoring.log_lines import LogLines


@pytest.fixture
def full_disk() -> Iterator[int]:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


def test_lines_are_written_as_they_come(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as out:
        lines = LogLines(out.fileno())
        lines.info("one")
        assert file.read_text() == "one\n"
        lines.critical("two \ud800")
        assert file.read_text() == "one\ntwo \\ud800\n"
    assert lines.problem() is None


def test_a_full_disk_raises_nothing_and_is_told(full_disk: int, capfd: pytest.CaptureFixture[str]) -> None:
    lines = LogLines(full_disk)
    lines.info("one")
    lines.info("two")
    assert lines.problem() == "No space left on device; 2 lines were lost"
    assert capfd.readouterr().err == "strategic-memory-server: the log cannot be written: No space left on device\n"


def test_it_goes_on_once_lines_can_be_written_again() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    lines = LogLines(writer)
    long = "x" * 99_999
    lines.info(long)
    lines.info("lost")
    assert lines.lost == 2, "the pipe has taken the beginning of the first"
    assert lines.problem() is not None
    begun = os.read(reader, 100_000)
    assert set(begun) == {ord("x")}
    lines.info("again")
    assert os.read(reader, 100_000) == b"\nagain\n", "on a line of its own"
    assert lines.problem() is None
    os.close(reader)
    os.close(writer)
