"""FollowedFiles: a file that is being written is not taken half."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.files import followed_files
from strategic_memory_server.files.followed_files import FollowedFiles


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(followed_files, "LOOKS_EVERY_S", 0.0)
    return []


def followed(file: Path, taken: list[str]) -> FollowedFiles:
    return FollowedFiles([file], lambda: taken.append(file.read_text()), lambda: "", Problems(), "files")


async def test_a_file_is_taken_once_it_rests(tmp_path: Path, taken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    file, parts = tmp_path / "file", iter(("half", "half and more", "whole"))
    file.write_text("before")
    files = followed(file, taken)
    pause = asyncio.sleep

    async def writing(_seconds: float) -> None:
        file.write_text(next(parts, file.read_text())) if taken == [] else None
        await pause(0)

    monkeypatch.setattr(asyncio, "sleep", writing)
    await files.next_look()
    assert taken == ["whole"]


async def test_a_file_that_never_rests_is_taken_all_the_same(
    tmp_path: Path, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    files = followed(file, taken)
    pause = asyncio.sleep

    async def writing(_seconds: float) -> None:
        file.write_text(file.read_text() + "x")
        await pause(0)

    monkeypatch.setattr(asyncio, "sleep", writing)
    await files.next_look()
    assert len(taken) == 1


async def test_a_file_that_has_not_changed_is_not_taken(tmp_path: Path, taken: list[str]) -> None:
    file = tmp_path / "file"
    file.write_text("before")
    await followed(file, taken).next_look()
    assert taken == []
