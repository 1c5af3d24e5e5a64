"""What the examples of languages without a library act upon, and take for lost, beside a peer that is made to err."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from queue import Queue

import grpc
from client.feedback_samples import feedback_response, heartbeat_response
from client.scripted_peer import ScriptedPeer, Stream, end, send
from faults.process_signals import suspended
from languages.program import Library

from strategic_memory.v1.service_pb2 import StreamFeedbackResponse

_SAFE = "POLICY_CONSERVATIVE"
_WITHIN_S = 60.0
_VALID_S = 1.0
_BEHIND_AT_MOST_S = 15.0
"""So long a server is given before what it has not read is taken for lost."""

_TOLD = re.compile(r"(POLICY_\w+)\D+([\d.]+)")


def _as_it_is(_: StreamFeedbackResponse) -> None: ...


def _above_all_rules(said: StreamFeedbackResponse) -> None:
    said.feedback.leverage_hint = 50.0


def _above_a_cap(said: StreamFeedbackResponse) -> None:
    said.feedback.leverage_caps.add(source="risk:leverage_limits", value=0.5)


def _without_the_time_of_sending(said: StreamFeedbackResponse) -> None:
    said.ClearField("sent_at")


def _forced_and_over(said: StreamFeedbackResponse) -> None:
    said.feedback.leverage_hint = 0.9
    said.feedback.override.is_forced = True
    said.feedback.override.rules_leverage_hint = 0.5
    said.feedback.valid_until.CopyFrom(said.sent_at)


CASES: tuple[tuple[Callable[[StreamFeedbackResponse], None], str, float], ...] = (
    (_as_it_is, "POLICY_AGGRESSIVE", 1.5),
    (_above_all_rules, _SAFE, 1.0),
    (_above_a_cap, _SAFE, 0.5),
    (_without_the_time_of_sending, _SAFE, 1.0),
    (_forced_and_over, _SAFE, 0.5),
)
"""What is changed of an advice, and what may be acted upon then."""


def problems_of(libraries: Iterable[Library]) -> list[str]:
    """Return what these examples act upon and must not."""
    problems = []
    for library in libraries:
        for change, policy, leverage in CASES:
            said = feedback_response(1)
            said.sent_at.GetCurrentTime()
            change(said)
            if (told := _acted_upon(library, said)) != (policy, leverage):
                case = change.__name__.replace("_", " ").strip()
                problems.append(
                    f"{library.name} acts upon {told}, not {policy} at {leverage}, where the advice is {case}"
                )
    return problems


def lost_without_need(libraries: Iterable[Library]) -> list[str]:
    """Return which examples take the log for lost where one server is behind for a moment, as another was long ago."""
    return [
        f"{library.name} starts afresh where a server is behind for a moment, as another one was long ago"
        for library in libraries
        if not _resumes_behind_again(library)
    ]


def acted_upon_after_a_freeze(libraries: Iterable[Library]) -> list[str]:
    """Return which examples act upon what has lost its validity while they stood still, and it lay in their socket."""
    problems = []
    for library in libraries:
        told = _acted_upon_once_thawed(library)
        if told != (_SAFE, 1.0):
            problems.append(f"{library.name} acts upon {told} after it stood still for longer than that was valid")
    return problems


def _acted_upon_once_thawed(library: Library) -> tuple[str, float] | None:
    """Return what an example says may be acted upon, of what comes while it is frozen for longer than that holds."""
    is_frozen = threading.Event()

    def asked(stream: Stream) -> Iterator[StreamFeedbackResponse]:
        yield _valid_for(1, 60.0)
        is_frozen.wait(_WITHIN_S)
        yield _valid_for(2, _VALID_S)
        yield from stream.stall()

    with ScriptedPeer(asked) as peer, ExitStack() as stack:
        command = [*library.command, json.dumps({"addresses": [peer.address]})]
        program = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(program.kill)
        assert program.stdout is not None
        late = threading.Timer(_WITHIN_S, program.kill)
        stack.callback(late.cancel)
        late.start()
        told = (line["actUpon"] for line in map(json.loads, program.stdout) if line["event"] == "feedback")
        next(told, "")
        with suspended(program.pid):
            is_frozen.set()
            time.sleep(1.5 * _VALID_S)  # the time itself is what ends the advice
        return _as_told(next(told, ""))


def _valid_for(revision: int, valid_s: float) -> StreamFeedbackResponse:
    said = feedback_response(revision)
    said.sent_at.GetCurrentTime()
    said.feedback.valid_until.FromMilliseconds(said.sent_at.ToMilliseconds() + round(valid_s * 1000))
    return said


def _behind(stream: Stream) -> Iterator[StreamFeedbackResponse]:
    stream.refuse_in_text(grpc.StatusCode.OUT_OF_RANGE, "REVISION_IN_FUTURE", epoch="e1")
    yield from ()


def _quiet(stream: Stream) -> Iterator[StreamFeedbackResponse]:
    """Say nothing new for longer than a server may be behind."""
    until_s = time.monotonic() + _BEHIND_AT_MOST_S + 0.5
    while time.monotonic() < until_s and stream.goes_on(0.5):
        yield heartbeat_response(1)


def _resumes_behind_again(library: Library) -> bool:
    resumed: Queue[bool] = Queue()

    def asked(stream: Stream) -> Iterator[StreamFeedbackResponse]:
        resumed.put(stream.request.HasField("resume_after_revision"))
        yield from stream.stall()

    with ScriptedPeer(send(feedback_response(1), then=end), _behind, _quiet, _behind, asked) as peer:
        command = [*library.command, json.dumps({"addresses": [peer.address]})]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as program:
            try:
                return resumed.get(timeout=_WITHIN_S)
            finally:
                program.kill()


def _exhausted(stream: Stream) -> Iterator[StreamFeedbackResponse]:
    """End a stream as a proxy does: without a reason, and that passes."""
    stream.refuse(grpc.StatusCode.RESOURCE_EXHAUSTED)
    yield from ()


def _acted_upon(library: Library, said: StreamFeedbackResponse) -> tuple[str, float] | None:
    """Return what an example says that may be acted upon once it has heard this; None: it has ended before."""
    with ScriptedPeer(_exhausted, send(said)) as peer:
        command = [*library.command, json.dumps({"addresses": [peer.address]})]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            late = threading.Timer(_WITHIN_S, program.kill)
            late.start()
            lines = (json.loads(line) for line in program.stdout)
            acted = next((line["actUpon"] for line in lines if line["event"] == "feedback"), "")
            late.cancel()
            program.kill()
    return _as_told(acted)


def _as_told(acted: str) -> tuple[str, float] | None:
    told = _TOLD.search(acted)
    return (told[1], float(told[2])) if told else None
