"""`watch --exec`: a program for each advice, one at a time, and the newest of those that wait."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from client.command_line import run, start
from client.feedback_samples import feedback, feedback_response
from client.scripted_peer import ScriptedPeer, Stream, send
from processes import eventually

from strategic_memory.v1 import service_pb2
from strategic_memory_client.cli import each_change
from strategic_memory_client.cli.each_change import EachChange

pytestmark = pytest.mark.processes


def test_the_program_is_told_by_its_environment_and_by_its_input(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = (
        f"""sh -c 'echo "$SM_PORTFOLIO $SM_REVISION $SM_POLICY $SM_LEVERAGE $SM_STATUS" >> {told}; cat >> {told}'"""
    )
    said = feedback_response(3)
    said.portfolio = "alpha"
    with ScriptedPeer(send(said)) as peer:
        ended = run("watch", "-a", peer.address, "--portfolio", "alpha", "--count", "1", "--exec", program)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    first, second = told.read_text().splitlines()
    assert first == "alpha 3 AGGRESSIVE 1.5 ACTIVE"
    assert json.loads(second)["revision"] == 3


def test_one_at_a_time_and_the_newest_wins(tmp_path: Path) -> None:
    told, go_on = tmp_path / "told", tmp_path / "go-on"
    program = f"""sh -c 'echo $SM_REVISION >> {told}; while [ ! -e {go_on} ]; do sleep 0.02; done'"""
    complaints: list[str] = []
    with EachChange(program, complaints.append) as each_change:
        each_change.notify(feedback(1))
        eventually(told.exists)
        for revision in range(2, 9):
            each_change.notify(feedback(revision))
        go_on.touch()
    assert told.read_text().split() == ["1", "8"]
    assert complaints == []


def test_a_program_that_hangs_is_told_once_where_newer_advice_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody was told anything any more, not that the advice no longer held, and nobody was told of that."""
    monkeypatch.setattr(each_change, "_LONG_RUN_S", 0.0)
    told, complaints = tmp_path / "told", list[str]()
    program = f"""sh -c 'echo $SM_REVISION >> {told}; while [ ! -e {tmp_path}/$SM_REVISION ]; do sleep 0.02; done'"""
    told.touch()
    with EachChange(program, complaints.append) as running:
        running.notify(feedback(1))
        for revision in ("1", "2"):
            eventually(lambda: told.read_text().split()[-1:] == [revision])  # noqa: B023 - it is waited for here
            running.notify(feedback(int(revision) + 1))
            (tmp_path / revision).touch()
        (tmp_path / "3").touch()
    assert complaints == ["sh still runs with revision 1, and newer advice waits for its end"]
    assert told.read_text().split() == ["1", "2", "3"]


def test_a_program_that_hangs_is_told_where_newer_advice_came_before_it_was_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the newer advice is confirmed nothing else comes that would tell."""
    monkeypatch.setattr(each_change, "_LONG_RUN_S", 0.5)
    told, go_on, complaints = tmp_path / "told", tmp_path / "go-on", list[str]()
    program = f"""sh -c 'echo $SM_REVISION >> {told}; while [ ! -e {go_on} ]; do sleep 0.02; done'"""
    with EachChange(program, complaints.append) as running:
        running.notify(feedback(1))
        eventually(told.exists)
        running.notify(feedback(2))
        try:
            eventually(lambda: complaints)
        finally:
            go_on.touch()
    assert complaints == ["sh still runs with revision 1, and newer advice waits for its end"]


def test_a_program_that_fails_is_told_and_one_that_is_not_there_is_refused() -> None:
    complaints: list[str] = []
    with EachChange("sh -c 'exit 7'", complaints.append) as each_change:
        each_change.notify(feedback(4))
    assert complaints == ["sh ended with 7 at revision 4"]
    ended = run("watch", "--exec", "no-such-program --flag")
    assert ended.code == 2
    assert "'no-such-program --flag' is no program that can be found" in ended.err


def test_what_a_program_cannot_be_told_is_said_and_the_next_advice_is_told(tmp_path: Path) -> None:
    told, complaints = tmp_path / "told", list[str]()
    with EachChange(f"sh -c 'echo $SM_REVISION >> {told}'", complaints.append) as each_change:
        each_change.notify(replace(feedback(1), current_regime="BULL\0"))
        eventually(lambda: complaints)
        each_change.notify(feedback(2))
    assert complaints == ["sh cannot be told of revision 1: embedded null byte"]
    assert told.read_text().split() == ["2"]


def test_a_program_that_fails_is_run_again_where_nobody_is_told_of_it(tmp_path: Path) -> None:
    """It was never run again: the thread that runs it ended with what it could not complain of.

    Where a collector that took both outputs ends, the command itself ended too, and with 0.
    """
    told, is_unread = tmp_path / "told", threading.Event()

    def script(stream: Stream) -> Iterator[service_pb2.StreamFeedbackResponse]:
        eventually(is_unread.is_set)
        yield feedback_response(1)
        eventually(told.exists)
        yield feedback_response(2)

    program = f"sh -c 'echo $SM_REVISION >> {told}; exit 7'"
    with (
        ScriptedPeer(script) as peer,
        start("watch", "-a", peer.address, "--count", "2", "--exec", program) as process,
    ):
        process.stdout.close()
        process.stderr.close()
        is_unread.set()
        assert process.wait() == 0
    assert told.read_text().split() == ["1", "2"]
