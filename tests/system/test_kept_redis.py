"""`serve --embedded-redis FOLDER`: what it holds outlives every end of the service and of its Redis."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from conftest import StartService
from faults.free_ports import free_port
from processes import ServiceProcess, eventually, process_is_gone
from redis_inputs import add_regime, add_trade, is_written_out
from service_calls import get_feedback, get_json

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedisError
from strategic_memory_server.embedded.kept_folder import KeptFolder
from strategic_memory_server.embedded.process_behind import process_id_behind
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = [pytest.mark.system, pytest.mark.processes]

NO_REDIS = "redis://redis.invalid:6379/0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "memory"


def serve(start_service: StartService, folder: Path, *arguments: str, ready: bool = True) -> ServiceProcess:
    given = ("--embedded-redis", str(folder), *arguments)
    return start_service(NO_REDIS, arguments=given, wait_until_ready=ready)


def url_in(folder: Path) -> str:
    """The URL that a shell gets from the file."""
    (line,) = (folder / "redis.env").read_text().splitlines()
    return line.removeprefix("REDIS_URL=").strip("'")


@contextmanager
def client_of(folder: Path) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url_in(folder)) as client:
        yield client


def learn(folder: Path, trades: int = 4) -> None:
    with client_of(folder) as client:
        for _ in range(trades):
            add_regime(client, "BULL", 0.4)
            add_trade(client, "BULL", 0.3)


def advised(service: ServiceProcess, after: int = 0) -> feedback_pb2.Feedback:
    """The advice, once it is active and beyond a revision."""
    return eventually(
        lambda: (
            said
            if (said := get_feedback(service)).status == feedback_pb2.FEEDBACK_STATUS_ACTIVE and said.revision > after
            else None
        )
    )


def advised_before_a_power_failure(start_service: StartService, folder: Path) -> feedback_pb2.Feedback:
    """Return what a service says that ends with its machine."""
    first = serve(start_service, folder)
    learn(folder)
    before = advised(first)
    first.kill()
    first.wait()
    (folder / "last-run").write_text("another run of the kernel\n")
    return before


def has_read(service: ServiceProcess, *, regimes: int, trades: int) -> bool:
    """Whether a sync has published what so many entries come to: nothing more is said of them."""
    sync = get_json(service)["metrics"]["sync"]
    return bool((sync["samples"], sync["trades_remembered"]) == (regimes + trades, trades))


def redis_of(folder: Path) -> int:
    """Process id of the Redis that has the folder."""
    port = int(url_in(folder).rpartition(":")[2].partition("/")[0])
    found = process_id_behind("127.0.0.1", port, (folder / "password").read_text().strip())
    assert found is not None
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "in order"])
def test_the_service_goes_on_where_it_ended(start_service: StartService, folder: Path, number: signal.Signals) -> None:
    first = serve(start_service, folder)
    learn(folder)
    before = advised(first)
    ends, url = redis_of(folder), url_in(folder)
    first.send_signal(number)
    first.wait()

    again = serve(start_service, folder)
    found = advised(again)
    assert (found.epoch, found.preferred_regime) == (before.epoch, "BULL")
    assert found.revision >= before.revision
    assert process_is_gone(ends)
    assert url_in(folder) == url
    learn(folder, 1)
    assert advised(again, found.revision).epoch == before.epoch


def test_each_portfolio_goes_on_where_it_ended(start_service: StartService, folder: Path) -> None:
    def epoch_beyond(revision: int) -> object:
        with client_of(folder) as client, client.pipeline() as together:
            for _ in range(4):
                add_trade(together, "BULL", 0.3, prefix="quantum:alpha")
            together.execute()
            log = "quantum:alpha:stream:strategic_feedback"
            entries: Any = eventually(lambda: client.xrange(log, f"({revision}-0"))
        return entries[0][1][b"epoch"]

    settings = {"STRATEGIC_MEMORY_PORTFOLIOS": "alpha"}
    first = start_service(NO_REDIS, arguments=("--embedded-redis", str(folder)), env=settings)
    epoch = epoch_beyond(0)
    first.terminate()
    first.wait()
    start_service(NO_REDIS, arguments=("--embedded-redis", str(folder)), env=settings)
    assert epoch_beyond(1) == epoch


def test_a_shadow_goes_on_where_it_ended(start_service: StartService, folder: Path) -> None:
    """Its log has a state of its own, which was left as one that another Redis has written."""

    def spoken(after: int) -> dict[bytes, bytes] | None:
        with client_of(folder) as client:
            state: Any = client.hgetall(LogKeys.of_shadow("quantum").state)
        return state if int(state.get(b"revision", 0)) > after else None

    arguments, shadow = ("--embedded-redis", str(folder)), {"STRATEGIC_MEMORY_SHADOW_RULES": "evidence"}
    first = start_service(NO_REDIS, arguments=arguments, env=shadow)
    learn(folder)
    before = eventually(lambda: spoken(0))
    first.kill()
    first.wait()
    start_service(NO_REDIS, arguments=arguments, env=shadow)
    learn(folder)
    after = eventually(lambda: spoken(int(before[b"revision"])))
    assert (after[b"epoch"], after[b"epoch_start"]) == (before[b"epoch"], before[b"epoch_start"])


def test_a_redis_that_is_killed_comes_back_with_everything(start_service: StartService, folder: Path) -> None:
    service = serve(start_service, folder)
    learn(folder)
    # Until a sync has read all of it another revision may follow, which the Redis would be killed with.
    eventually(lambda: has_read(service, regimes=4, trades=4))
    before = advised(service)
    with client_of(folder) as client:
        eventually(lambda: is_written_out(client))
    os.kill(redis_of(folder), signal.SIGKILL)
    eventually(lambda: any("runs again" in line["event"] for line in service.log_lines()))
    learn(folder, 1)
    after = advised(service, before.revision)
    assert after.epoch == before.epoch


def test_another_port_is_told_where_something_else_has_taken_that_of_before(
    start_service: StartService, folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        folder.mkdir()
        (folder / "port").write_text(str(other.getsockname()[1]))
        service = serve(start_service, folder)
        learn(folder)
        advised(service)
        (told,) = [line for line in service.log_lines() if "another port" in line["event"]]
        assert told["earlier_port"] == other.getsockname()[1]
        assert url_in(folder).endswith(f":{told['port']}/0")


def test_where_something_was_lost_another_epoch_begins_above_it(start_service: StartService, folder: Path) -> None:
    first = serve(start_service, folder)
    learn(folder)
    advised(first)
    first.terminate()
    first.wait()
    epoch, revision = (folder / "said").read_text().split()
    (folder / "said").write_text((folder / "said").read_text().replace(f" {revision} ", f" {int(revision) + 1} "))

    found = advised(serve(start_service, folder))
    assert found.epoch != epoch
    assert found.revision > int(revision) + 1


def test_after_a_power_failure_nobody_vouches(start_service: StartService, folder: Path) -> None:
    before = advised_before_a_power_failure(start_service, folder)
    assert advised(serve(start_service, folder)).epoch != before.epoch


def test_a_start_that_came_no_further_vouches_for_nothing_after_a_power_failure(
    start_service: StartService, folder: Path
) -> None:
    """As where its port was taken, or a signal came while Redis read its data."""
    before = advised_before_a_power_failure(start_service, folder)
    KeptFolder(folder).open().close()
    assert advised(serve(start_service, folder)).epoch != before.epoch


@pytest.mark.parametrize("name", ["redis-run", "said", "said-alpha"])
def test_after_a_power_failure_nothing_is_left_that_vouches_for_a_log(folder: Path, name: str) -> None:
    folder.mkdir()
    (folder / name).write_text("of before\n")
    (folder / "last-run").write_text("another run of the kernel\n")
    KeptFolder(folder).open().close()
    assert not (folder / name).exists()


def test_a_start_that_was_killed_before_it_had_gone_on_with_the_logs_ends_no_epoch(
    start_service: StartService, folder: Path
) -> None:
    first = serve(start_service, folder)
    learn(folder)
    before = advised(first)
    first.terminate()
    first.wait()
    killed = KeptFolder(folder).open()
    killed.runs_in("0123456789" * 4)
    killed.close()
    again = serve(start_service, folder)
    learn(folder, 1)
    # What it answers first may have been said by the one before.
    assert advised(again, before.revision).epoch == before.epoch


def test_a_second_service_on_the_folder_is_refused_by_name(start_service: StartService, folder: Path) -> None:
    first = serve(start_service, folder)
    second = serve(start_service, folder, ready=False)
    assert second.wait() == 1
    assert f"{folder} is in use by another strategic-memory-server, process {first.pid}" in second.stderr()
    assert eventually(lambda: get_feedback(first).epoch)


def test_producers_get_a_line_and_nobody_else_the_password(start_service: StartService, folder: Path) -> None:
    port = free_port()
    service = serve(start_service, folder, "--embedded-redis-port", str(port))
    password = (folder / "password").read_text().strip()
    assert f'export REDIS_URL="redis://default:$(cat {folder}/password)@127.0.0.1:{port}/0"' in service.stderr()
    assert url_in(folder) == f"redis://default:{password}@127.0.0.1:{port}/0"
    assert password not in service.output() + service.stderr()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("password", "redis.env", "redis.conf"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    with client_of(folder) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}


@pytest.mark.parametrize("password", ['its"own', "two words", "two\nlines", "a/b", "x" * 513])
def test_a_password_that_redis_or_a_url_cannot_take_is_named_and_not_shown(folder: Path, password: str) -> None:
    folder.mkdir()
    (folder / "password").write_text(f"{password}\n")
    with pytest.raises(EmbeddedRedisError, match="password holds what can be no password here") as refused:
        KeptFolder(folder).open()
    assert password not in str(refused.value)
    (folder / "password").write_text("!$&()*+,-.:;<=>@^_`{|}~\\0Aa\n")
    KeptFolder(folder).open().close()


def test_without_a_folder_it_says_that_nothing_is_kept(start_service: StartService) -> None:
    service = start_service(NO_REDIS, arguments=("--embedded-redis",))
    (started,) = (line for line in service.log_lines() if line["event"] == "Embedded Redis started")
    assert started["keeps"] == "in memory only: all is gone when it stops"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--embedded-redis-port", "7000"), 2, "--embedded-redis-port is of --embedded-redis, which is not given"),
        (("--embedded-redis", ""), 2, "--embedded-redis is empty, as of a variable that is not set: give a FOLDER"),
        (("--embedded-redis", "--role", "serve"), 2, "starts a Redis that nobody else publishes in: leave out --role"),
        (("--embedded-redis", "/proc/no"), 1, "/proc/no cannot hold the data of an embedded Redis"),
    ],
)
def test_a_wrong_wish_is_told(start_service: StartService, arguments: tuple[str, ...], code: int, said: str) -> None:
    service = start_service(NO_REDIS, arguments=arguments, wait_until_ready=False)
    assert service.wait() == code
    assert said in service.stderr()


def test_a_folder_is_waited_for_while_the_redis_of_a_killed_service_ends(folder: Path) -> None:
    first = KeptFolder(folder).open()
    holder = subprocess.Popen(["sleep", "60"], pass_fds=[first.lock])
    (folder / "lock").write_text("999999999\n")
    first.close()
    try:
        threading.Timer(0.2, holder.kill).start()
        KeptFolder(folder).open().close()
        assert holder.wait() == -signal.SIGKILL
    finally:
        holder.kill()
        holder.wait()
