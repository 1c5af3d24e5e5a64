from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from strategic_memory_demo import commands
from strategic_memory_demo.commands import DemoAddresses, command_lines, missing_tools

ADDRESSES = DemoAddresses(grpc="127.0.0.1:4001", http="127.0.0.1:4002", redis_port=4003, prefix="quantum")


def test_every_line_names_the_port_of_its_part() -> None:
    ports = {"grpcurl": "4001", "redis-cli": "4003", "curl": "4002", "strategic-memory": "4001"}
    seen = set()
    for line in command_lines(ADDRESSES):
        program = Path(shlex.split(line)[0]).name
        seen.add(program)
        assert ports[program] in line
    assert seen == set(ports)


def test_tools_that_are_on_path_are_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(commands, "find_redis_cli", lambda: None)
    assert [note.split()[0] for note in missing_tools()] == ["grpcurl", "redis-cli"]
    assert all("brew install" in note for note in missing_tools())
    grpcurl = tmp_path / "grpcurl"
    grpcurl.write_text("#!/bin/sh\n")
    grpcurl.chmod(0o755)
    monkeypatch.setattr(commands, "find_redis_cli", lambda: tmp_path / "redis-cli")
    assert missing_tools() == []
