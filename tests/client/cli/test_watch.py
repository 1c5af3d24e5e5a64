from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import grpc
import pytest
from client.command_line import run, run_at_terminal, start
from client.feedback_samples import feedback_message, feedback_response, heartbeat_response, with_evidence
from client.scripted_peer import ScriptedPeer, Stream, end, refusal, send
from commands import PipedCommand
from processes import eventually

from strategic_memory.v1 import feedback_pb2, service_pb2

pytestmark = pytest.mark.processes

OUT_OF_RANGE = grpc.StatusCode.OUT_OF_RANGE


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_it_writes_one_line_per_feedback_across_reconnections() -> None:
    with ScriptedPeer(
        send(feedback_response(1), heartbeat_response(1), feedback_response(2), then=end), send(feedback_response(5))
    ) as peer:
        ended = run("watch", "-a", peer.address, "--count", "3")
    assert ended.code == 0
    told = lines(ended.out)
    assert [line["revision"] for line in told] == [1, 2, 5]
    assert [line["skipped_revisions"] for line in told] == [0, 0, 2]
    wire = [field.name for field in feedback_pb2.Feedback.DESCRIPTOR.fields]
    assert list(told[0]) == [*wire, "skipped_revisions", "epoch_changed"]
    assert ended.err.count("\n") == 1, "the lost connection is told once"


def test_a_line_tells_the_advice_for_the_current_regime_and_the_evidence() -> None:
    said = service_pb2.StreamFeedbackResponse(feedback=with_evidence(feedback_message(3)))
    with ScriptedPeer(send(said)) as peer:
        (told,) = lines(run("watch", "-a", peer.address, "--count", "1").out)
        shown = " ".join(run_at_terminal("watch", "-a", peer.address, "--count", "1").out.split())
    assert (told["rules"], told["leverage_bound_by"]) == ("EVIDENCE", "risk:leverage_limits")
    assert isinstance(told["current"], dict)
    assert isinstance(told["evidence"], dict)
    assert (told["current"]["policy"], told["evidence"]["observations"]) == ("BALANCED", 60)
    assert "(now BULL: BALANCED (a probe), leverage 1.25, confidence 0.6)" in shown
    assert "evidence BALANCED (best: 90.0%)" in shown


STALE = feedback_pb2.FEEDBACK_STATUS_STALE


def test_it_says_when_the_advice_holds_no_more_and_when_it_does_again() -> None:
    withdrawn, confirmed = heartbeat_response(3, status=STALE), heartbeat_response(3)
    with ScriptedPeer(send(feedback_response(3), withdrawn, confirmed, withdrawn)) as peer:
        told = lines(run("watch", "-a", peer.address, "--count", "4").out)
        shown = run_at_terminal("watch", "-a", peer.address, "--count", "3").out.splitlines()
    assert [line["status"] for line in told] == ["ACTIVE", "STALE", "ACTIVE", "STALE"]
    assert [line["updated_policy"] for line in told] == ["AGGRESSIVE", "CONSERVATIVE"] * 2
    assert [line["leverage_hint"] for line in told] == [1.5, 1.0] * 2
    assert {line["revision"] for line in told} == {3}
    assert ["AGGRESSIVE" in line for line in shown] == [True, False, True]


def test_it_fetches_the_values_that_were_withheld() -> None:
    withheld = service_pb2.StreamFeedbackResponse(feedback=feedback_message(3, status=STALE))
    with ScriptedPeer(send(withheld, heartbeat_response(3))) as peer:
        peer.feedback = feedback_message(3)
        told = lines(run("watch", "-a", peer.address, "--count", "2").out)
    assert [line["updated_policy"] for line in told] == ["CONSERVATIVE", "AGGRESSIVE"]


def test_every_shows_each_revision_once_as_it_was_said() -> None:
    script = send(
        feedback_response(3), heartbeat_response(3, status=STALE), heartbeat_response(3), feedback_response(4)
    )
    with ScriptedPeer(script) as peer:
        told = lines(run("watch", "-a", peer.address, "--every", "--count", "2").out)
    assert [(line["revision"], line["status"]) for line in told] == [(3, "ACTIVE"), (4, "ACTIVE")]


def test_events_shows_everything_that_happens() -> None:
    with ScriptedPeer(
        send(feedback_response(4), heartbeat_response(4), then=end),
        refusal(OUT_OF_RANGE, "EPOCH_CHANGED", oldest="1", current="2", epoch="e2"),
        send(feedback_response(2, "e2")),
    ) as peer:
        ended = run("watch", "--events", "-a", peer.address, "--count", "6")
    assert (ended.code, ended.err) == (0, "")
    told = lines(ended.out)
    names = [line["event"] for line in told]
    assert names == ["feedback", "heartbeat", "disconnected", "disconnected", "epoch_changed", "feedback"]
    assert told[3]["error"] == "ResumePointError"
    assert told[4] == {
        "event": "epoch_changed",
        "old_epoch": "e1",
        "old_revision": 4,
        "new_epoch": "e2",
        "new_revision": 2,
    }
    assert told[5]["epoch_changed"] is True


def test_events_at_a_terminal() -> None:
    with ScriptedPeer(send(feedback_response(4, skipped=2), heartbeat_response(4), then=end)) as peer:
        shown = run_at_terminal("watch", "--events", "-a", peer.address, "--count", "3")
    first, second, third = shown.out.splitlines()
    assert "AGGRESSIVE" in first
    assert "2 skipped before" in first
    assert "heartbeat: ACTIVE at revision 4" in second
    assert f"disconnected from {peer.address}" in third


def test_flags_reach_the_server() -> None:
    with ScriptedPeer(send(feedback_response(8))) as peer:
        flags = ["--resume-after", "7", "--epoch", "e1", "--every", "--heartbeat", "12.5", "--count", "1"]
        assert run("watch", "-a", peer.address, *flags).code == 0
        (request,) = peer.requests
    assert (request.resume_after_revision, request.epoch) == (7, "e1")
    assert request.delivery == service_pb2.DELIVERY_EVERY
    assert request.heartbeat_interval.ToMilliseconds() == 12_500
    assert not request.send_current


def test_after_a_resume_point_it_shows_what_stands_and_when_that_holds_no_more() -> None:
    for flags in ([], ["--events"]):
        with ScriptedPeer(send(feedback_response(7), heartbeat_response(7, status=STALE))) as peer:
            ended = run("watch", "-a", peer.address, "--resume-after", "7", "--epoch", "e1", "--count", "2", *flags)
            (request,) = peer.requests
        assert (ended.code, request.resume_after_revision, request.send_current) == (0, 7, True)
        told = lines(ended.out)
        assert [line.get("revision", 7) for line in told] == [7, 7]
        assert told[1].get("status", "STALE") == "STALE"


def test_every_ends_with_an_error_where_something_is_missing() -> None:
    trimmed = refusal(OUT_OF_RANGE, "REVISION_COMPACTED", oldest="7", current="9", epoch="e1")
    with ScriptedPeer(trimmed) as peer:
        ended = run("watch", "--every", "--resume-after", "2", "-a", peer.address)
    assert (ended.code, ended.out) == (5, "")
    assert ended.err.count("\n") == 1
    assert "oldest 7" in ended.err


def test_it_gives_up_after_the_timeout() -> None:
    ended = run("watch", "-a", "127.0.0.1:1", "--timeout", "0.5")
    assert (ended.code, ended.out) == (3, "")
    assert "Traceback" not in ended.err


def test_epoch_needs_a_revision() -> None:
    assert run("watch", "--epoch", "e1").code == 2
    assert run("watch", "--resume-after", str(2**64)).code == 2


def lapsing(stream: Stream) -> Iterator[service_pb2.StreamFeedbackResponse]:
    """Send what holds for a while from when it is asked for: a program may take longer to start than that."""
    yield service_pb2.StreamFeedbackResponse(feedback=feedback_message(1, valid_for_s=5.0))
    yield from stream.stall()


def beating(stream: Stream) -> Iterator[service_pb2.StreamFeedbackResponse]:
    yield feedback_response(1)
    while stream.goes_on(0.05):
        yield heartbeat_response(1)


def first_line(process: PipedCommand) -> str:
    return process.stdout.readline()


@pytest.mark.parametrize("delivery", [(), ("--exec", "cat")], ids=["lines", "exec"])
def test_advice_that_lapses_is_told_though_nothing_comes(delivery: tuple[str, ...]) -> None:
    with ScriptedPeer(lapsing) as peer, start("watch", "-a", peer.address, *delivery) as process:
        assert json.loads(first_line(process))["status"] == "ACTIVE"
        told = json.loads(first_line(process))
        assert (told["status"], told["revision"], told["leverage_hint"]) == ("STALE", 1, 1.0)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == "", "before the server was taken for gone"


def test_it_ends_quietly_when_its_reader_has_seen_enough() -> None:
    with ScriptedPeer(beating) as peer, start("watch", "-a", peer.address) as process:
        assert json.loads(first_line(process))["revision"] == 1
        process.stdout.close()
        assert process.wait(60) == 0, "the next heartbeat shows that nobody reads"
        assert process.stderr.read() == ""
        assert eventually(lambda: peer.open_streams == 0)


def test_it_ends_quietly_when_a_line_finds_no_reader() -> None:
    more = threading.Event()

    def script(stream: Stream) -> Iterator[service_pb2.StreamFeedbackResponse]:
        yield feedback_response(1)
        more.wait(60)
        yield feedback_response(2)
        yield from stream.stall()

    with ScriptedPeer(script) as peer, start("watch", "-a", peer.address) as process:
        first_line(process)
        process.stdout.close()
        more.set()
        assert process.wait(60) == 0
        assert process.stderr.read() == ""


def test_it_goes_on_where_nobody_reads_what_it_complains_of() -> None:
    """With the first lost connection it ended with 0: whatever had collected its standard error was gone for long."""
    with (
        ScriptedPeer(send(feedback_response(1), then=end), send(feedback_response(2))) as peer,
        start("watch", "-a", peer.address, "--count", "2") as process,
    ):
        process.stderr.close()
        assert [line["revision"] for line in lines(process.stdout.read())] == [1, 2]
        assert process.wait() == 0


def test_a_single_answer_that_finds_no_reader_is_no_failure() -> None:
    with ScriptedPeer(send()) as peer:
        peer.feedback = feedback_message()
        peer.hold_calls = True
        with start("get", "-a", peer.address, "--timeout", "30") as process:
            assert eventually(lambda: peer.unary_calls == 1)
            process.stdout.close()
            peer.answer_held_calls()
            assert process.wait(60) == 0
            assert process.stderr.read() == ""


def test_ctrl_c_ends_it_quietly() -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer, start("watch", "-a", peer.address) as process:
        first_line(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == ""


def test_a_restart_of_the_server_leaves_no_noise_of_the_transport() -> None:
    with ScriptedPeer(send(feedback_response(1)), send(feedback_response(2))) as peer:
        process = start("watch", "-a", peer.address, "--count", "2")
        with process:
            first_line(process)
            peer.stop()
            peer.start()
            assert json.loads(first_line(process))["revision"] == 2
            assert process.wait(60) == 0
            error = process.stderr.read()
    assert all(line.startswith("strategic-memory: ") for line in error.splitlines()), error


INTERRUPTED_AS_IT_STARTS = """
import os, signal, sys
class Interrupts:
    def find_spec(self, name, *where):
        if name == "strategic_memory_client.cli.application":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupts())
from strategic_memory_client.cli import main
main()
"""


def test_ctrl_c_while_it_starts_ends_it_quietly() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AS_IT_STARTS], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
