"""What is demanded of a client library in any language, by what its program prints."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis
from chaos.client_values import feedback_of_client
from languages.kills import play_kills, play_outage
from languages.losses import play_losses
from languages.program import Library
from languages.told_lines import feedback_of_line
from processes import REPOSITORY, ServiceProcess, eventually
from redis_inputs import add_regime

from strategic_memory_client import ClientOptions, FeedbackStatus, StrategicMemoryClient
from strategic_memory_client import Feedback as ClientFeedback


def publish(client: redis.Redis, address: str) -> None:
    """Make observations, and wait until they have become advice."""
    for _ in range(3):
        add_regime(client, "BULL", 0.3)
    # A busy machine may keep the service from answering for a while.
    with StrategicMemoryClient(address, options=ClientOptions(timeout_s=30.0, connect_timeout_s=30.0)) as asker:
        assert eventually(lambda: asker.get_feedback().status is FeedbackStatus.ACTIVE)


def check_kills(libraries: list[Library], folder: Path) -> None:
    """Check that no revision is lost or doubled while servers are killed and asked to end."""
    outcome = asyncio.run(play_kills(libraries, 4, folder))
    assert outcome.problems == []
    assert (outcome.kills, outcome.drains) == (3, 1)
    for program in outcome.programs:
        assert outcome.doubles(program) == 0, program.name
        assert sum(program.lost_to.values()) >= 4, program.name
        if program.name.endswith("EVERY"):
            assert outcome.gaps(program) == 0, program.name
            assert "ServiceUnavailableError DRAINING" in program.lost_to
        else:
            assert "ACTIVE" in {answer.feedback.status.name for answer in program.answers}


def check_outage(libraries: list[Library], folder: Path) -> None:
    """Check that every library hears the only server again after it was away."""
    outcome = asyncio.run(play_outage(libraries, 2.0, folder))
    assert outcome.problems == []
    assert set(outcome.back_s) == {program.name for program in outcome.programs}


def check_losses(libraries: list[Library], folder: Path) -> None:
    """Check that a server that is frozen and a history that is lost are told, and that programs end when they shall."""
    outcome = asyncio.run(play_losses(libraries, folder))
    assert outcome.problems == []
    for program in outcome.programs:
        assert any("Silent" in error for error in program.lost_to), program.name
        if program.name.endswith("EVERY"):
            assert any("EPOCH_CHANGED" in error for error in program.lost_to), program.name
        assert program.exit_code == 0, program.name


def check_newest(libraries: list[Library], service: ServiceProcess, redis_client: redis.Redis) -> None:
    """Check that `newest` is what the Python client answers: before anything is heard, and once the service is gone."""
    address = service.grpc_address
    with ExitStack() as stack:
        python = stack.enter_context(StrategicMemoryClient(address, options=ClientOptions(heartbeat_interval_s=0.2)))
        programs = [stack.enter_context(lines_of(library, address)) for library in libraries]
        unheard = next(stack.enter_context(lines_of(libraries[0], "127.0.0.1:1")))
        assert feedback_of_line(unheard["feedback"])[0] == feedback_of_client(python.newest)
        publish(redis_client, address)
        python.follow()
        for status in (FeedbackStatus.ACTIVE, FeedbackStatus.STALE):
            newest = newest_of(python, status)
            for lines in programs:
                told = next(line["feedback"] for line in lines if is_newest(line, status))
                assert without_validity(told) == without_validity(newest)
            service.kill()


def newest_of(client: StrategicMemoryClient, status: FeedbackStatus) -> ClientFeedback:
    """Wait until a client gives such a `newest`, and return that: in a moment it may be another one."""
    return eventually(lambda: given if (given := client.newest).status is status else None)


@contextmanager
def lines_of(library: Library, address: str) -> Iterator[Iterator[dict[str, Any]]]:
    """What a program prints of `newest`."""
    asked = {"addresses": [address], "transport": library.transport, "newestEveryMs": 20, "heartbeatMs": 200}
    pipe = subprocess.PIPE
    with subprocess.Popen([*library.command, json.dumps(asked)], stdin=pipe, stdout=pipe, text=True) as program:
        assert program.stdout is not None
        yield (told for line in program.stdout if (told := json.loads(line))["event"] == "newest")
        program.kill()


def is_newest(line: dict[str, Any], status: FeedbackStatus) -> bool:
    feedback, _ = feedback_of_line(line["feedback"])
    return feedback.status.value == status.value and feedback.position.revision > 0


def without_validity(told: dict[str, Any] | ClientFeedback) -> tuple[object, ...]:
    """What is to be the same, whichever heartbeat was the last to be heard."""
    feedback = feedback_of_line(told)[0] if isinstance(told, dict) else feedback_of_client(told)
    return feedback.position, feedback.status, feedback.advice, feedback.seen


def refused_code(script: str, root: Path) -> list[str]:
    """Return the names of the generated files under a folder that a script refuses, as it does at least one."""
    checked = subprocess.run(
        [sys.executable, "-m", script, "check", "--root", root],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1
    return [Path(line.split()[0]).name for line in checked.stderr.splitlines()]
