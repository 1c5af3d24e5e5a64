"""Services that are copies of a process which has imported them are processes as those that the command starts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import commands
import pytest
from conftest import StartService
from processes import ServiceProcess, process_is_gone, service_environment
from warm_processes import Copied

pytestmark = pytest.mark.system


def test_a_copy_has_a_session_and_an_environment_of_its_own_and_tells_how_it_ended(start_service: StartService) -> None:
    first, second = start_service(), start_service(env={"STRATEGIC_MEMORY_KEY_PREFIX": "other"})
    for service in (first, second):
        assert isinstance(service._process, Copied)
        assert os.getsid(service.pid) == os.getpgid(service.pid) == service.pid
        assert service._process.poll() is None
    assert first.grpc_address != second.grpc_address
    first.terminate()
    assert first.wait() == 0
    second.send_signal(signal.SIGKILL)
    assert second.wait() == -signal.SIGKILL
    assert process_is_gone(first.pid)
    assert process_is_gone(second.pid)


def test_a_copy_that_cannot_start_ends_as_the_command_does(tmp_path: Path) -> None:
    codes, told = [], []
    for anew in (False, True):
        folder = tmp_path / str(anew)
        folder.mkdir()
        environment = service_environment({"MEMORY_SYNC_INTERVAL": "nan"})
        service = ServiceProcess(folder, environment, anew=anew)
        assert isinstance(service._process, Copied) is not anew
        codes.append(service.wait())
        told.append(service.output())
    assert codes == [2, 2]
    assert told[0] == told[1]
    assert "MEMORY_SYNC_INTERVAL" in told[0]


def test_variables_that_the_imports_may_read_ask_for_the_command(start_service: StartService) -> None:
    assert not isinstance(start_service(env={"GRPC_VERBOSITY": "ERROR"})._process, Copied)


# A busy machine may find a deadline of a second before the refusal, and says something else then.
NOBODY = ("--address", "127.0.0.1:1", "--timeout", "30")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("strategic-memory", "get", *NOBODY), 3),
        (("strategic-memory", "analyze", "--file", "-", *NOBODY), 2),
        (("strategic-memory", "--help"), 0),
        (("strategic-memory-server", "doctor", "--no-service", "--redis-url", "redis://127.0.0.1:1/0"), 1),
        (("strategic-memory-server", "replay", "record.csv"), 1),
    ],
)
def test_a_command_that_is_copied_says_what_the_installed_one_says(
    command: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    (tmp_path / "record.csv").write_text("a,b\n1,2\n")
    copied, installed = (commands.run(*command, folder=tmp_path, stdin="{", anew=anew) for anew in (False, True))
    assert copied == installed
    assert copied.code == code
    assert len(copied.out + copied.err) > 50


def test_a_copied_command_is_one_process_at_a_terminal_and_ends_by_a_signal() -> None:
    help_there = commands.run_at_terminal("strategic-memory", "--help", environment=os.environ)
    assert "\r\n" in help_there.out
    # It waits for the end of its input: one that only asks nobody has ended by itself before a busy machine kills it.
    with commands.PipedCommand("strategic-memory", "analyze", "--file", "-", *NOBODY) as command:
        assert isinstance(command._process, Copied)
        assert os.getpgid(command.pid) == command.pid
        command.kill()
        assert command.wait() == -signal.SIGKILL
        assert process_is_gone(command.pid)
