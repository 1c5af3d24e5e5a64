"""The live view: what stands, for how long, and why; it fits the terminal that it is drawn on."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from client.command_line import command, environment
from client.feedback_samples import T0, feedback, feedback_message, feedback_response, heartbeat
from client.scripted_peer import ScriptedPeer, end, send
from processes import eventually
from rich.console import Console

from strategic_memory.v1 import analysis_pb2
from strategic_memory_client import Disconnected, FeedbackReceived, HeartbeatReceived, Reason, ServiceUnavailableError
from strategic_memory_client.cli.live_state import LiveState
from strategic_memory_client.cli.live_view import live_view, spark
from strategic_memory_client.values.overrides import Override
from strategic_memory_client.wire.analysis_from_wire import analysis_from_wire


def drawn(state: LiveState, after_s: float = 0.0, width: int = 80, height: int = 24) -> list[str]:
    console = Console(width=width, height=height, color_system=None)
    with console.capture() as captured:
        console.print(live_view(state, T0 + timedelta(seconds=after_s), width, height))
    return captured.get().splitlines()


def heard(*, valid_s: float = 60.0, reasons: int = 3) -> LiveState:
    state = LiveState()
    told = tuple(Reason(f"CODE_{number}", f"sentence {number} " * 12) for number in range(reasons))
    said = replace(feedback(7, valid_until=T0 + timedelta(seconds=valid_s)), sent_at=T0, reasons=told)
    state.take(FeedbackReceived(said, skipped_revisions=2), T0)
    return state


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 12)])
def test_it_fits_the_terminal(size: tuple[int, int]) -> None:
    width, height = size
    lines = drawn(heard(reasons=40), width=width, height=height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_what_stands_is_told_first_and_ages_until_it_holds_no_more() -> None:
    state = heard()
    first = drawn(state)
    assert first[0].startswith("ACTIVE  AGGRESSIVE  leverage 1.5  confidence 0.75")
    assert "60 s, unless it is confirmed" in "\n".join(first)
    assert "2 revisions skipped" in first[-1]
    assert "20 s, unless" in "\n".join(drawn(state, after_s=40))
    over = drawn(state, after_s=61)
    assert over[0].startswith("STALE  CONSERVATIVE  leverage 1  confidence 0")
    assert "nothing: the safe values stand" in "\n".join(over)
    state.take(HeartbeatReceived(heartbeat(7, valid_until=T0 + timedelta(seconds=190))), T0 + timedelta(seconds=62))
    assert drawn(state, after_s=63)[0].startswith("ACTIVE  AGGRESSIVE")


def test_a_lost_server_is_told_with_what_holds_meanwhile() -> None:
    state = heard()
    lost = Disconnected("127.0.0.1:1", ServiceUnavailableError("connection refused"), 0.5)
    state.take(lost, T0 + timedelta(seconds=5))
    text = "\n".join(drawn(state, after_s=6))
    assert "No server is heard: 127.0.0.1:1: connection refused; trying again" in text
    assert "54 s, unless" in text
    assert "1 reconnects" in text
    assert drawn(state, after_s=61)[0].startswith("STALE")


def test_before_the_first_feedback_a_small_terminal_shows_whole_what_to_do() -> None:
    state, said = LiveState(), f"the service is not available: check that it runs there {'and there ' * 20}at last"
    state.take(Disconnected("127.0.0.1:1", ServiceUnavailableError(said), 0.5), T0)
    assert " ".join(" ".join(drawn(state, after_s=1, width=60)).split()).endswith(f"{said}; trying again")


def test_what_an_operator_has_set_is_told_beside_the_advice() -> None:
    state = heard(reasons=40)
    assert state.advice is not None
    until = T0 + timedelta(minutes=5)
    forced = Override(None, 1.5, is_forced=True, reason="[/a test]", set_by="ann", until=until, rules_leverage_hint=0.7)
    state.advice = replace(state.advice, override=forced)
    lines = drawn(state)
    assert lines[0].startswith("ACTIVE")
    assert lines[1].startswith("override: set to leverage 1.5 until ")
    assert lines[2:4] == ["by: ann: [/a test]", "without it: -, leverage 0.7"]
    assert len(lines) <= 24


def test_each_loss_counts_once_however_often_it_is_tried_again() -> None:
    state = heard()
    for after_s in range(1, 6):
        lost = Disconnected("127.0.0.1:1", ServiceUnavailableError("connection refused"), 0.5)
        state.take(lost, T0 + timedelta(seconds=after_s))
    assert "1 reconnects" in "\n".join(drawn(state))


@pytest.mark.parametrize("regime", ["[/BULL]", "[LINK=HTTP://X.EXAMPLE]BULL[/LINK]", "[BOLD]:SMILEY:"])
def test_what_a_regime_is_called_is_text_and_no_markup(regime: str) -> None:
    state = heard()
    assert state.advice is not None
    state.advice = replace(state.advice, preferred_regime=regime, current_regime=regime)
    state.analysis = analysis_from_wire(analysis_pb2.Analysis(regimes=[analysis_pb2.RegimeAnalysis(regime=regime)]))
    assert "\n".join(drawn(state, width=120)).count(regime) == 3


def test_a_course_is_one_character_a_value_and_the_newest_are_kept() -> None:
    assert spark([0.0, 1.0, 2.0, 9.0, -1.0], 2.0, 10) == "▁▅██▁"
    assert spark([0.0] * 50, 1.0, 10) == "▁" * 10


@contextlib.contextmanager
def watching(peer: ScriptedPeer) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[str], bool], bytearray]]:
    """The live view on a terminal: its process, whether some words were seen there, and all that was written."""
    ours, theirs = pty.openpty()
    shown = bytearray()

    def seen(words: str) -> bool:
        # Linux tells by an error that the other side of a terminal is closed.
        with contextlib.suppress(OSError):
            while select.select([ours], [], [], 0)[0]:
                shown.extend(os.read(ours, 65_536))
        return words in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode(errors="replace"))

    command_line = command("watch", "-a", peer.address)
    with subprocess.Popen(command_line, env=environment(), stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        yield run, seen, shown
        run.send_signal(signal.SIGINT)
        # A terminal that nobody reads takes a few pictures, and then it waits.
        eventually(lambda: seen("") and run.poll() is not None, 60)
        assert run.returncode == 130
        assert seen("")
    os.close(ours)


@pytest.mark.processes
def test_at_a_terminal_it_stays_in_place_and_leaves_the_terminal_as_it_was() -> None:
    scripts = send(feedback_response(3), then=end), send(feedback_response(4))
    with ScriptedPeer(*scripts) as peer, watching(peer) as (_, seen, shown):
        eventually(lambda: seen("AGGRESSIVE  leverage 1.5"))
        eventually(lambda: seen("revision 4 of"))
        assert seen("1 reconnects")
    hidden, back = shown.rfind(b"\x1b[?25l"), shown.rfind(b"\x1b[?25h")
    assert -1 < hidden < back, "the cursor is shown again"


@pytest.mark.processes
def test_the_courses_begin_with_what_the_log_holds() -> None:
    past = send(*(feedback_response(revision) for revision in (5, 6, 7)))
    with ScriptedPeer(send(feedback_response(7)), past) as peer:
        peer.feedback = feedback_message(7)
        with watching(peer) as (_, seen, _):
            eventually(lambda: seen(f"leverage    {spark([1.5] * 3, 2.0, 10)}"))


def test_a_portfolio_is_named_before_all_else() -> None:
    state = LiveState()
    state.take(FeedbackReceived(replace(feedback(7, valid_until=T0 + timedelta(seconds=60)), portfolio="alpha")), T0)
    assert drawn(state)[0].startswith("alpha  ACTIVE  AGGRESSIVE")
    assert drawn(state, after_s=61)[0].startswith("alpha  STALE")


def test_reasons_are_whole_where_there_is_room_and_another_epoch_is_no_course() -> None:
    state = heard(reasons=2)
    assert "…" not in "".join(drawn(state))
    assert "…" in "".join(drawn(state, height=13))
    own, other = feedback(5), replace(feedback(6), epoch="another")
    state.recall([own, other, feedback(7), feedback(8)])
    assert list(state.leverages) == [own.leverage_hint, state.first.leverage_hint if state.first else 0]
