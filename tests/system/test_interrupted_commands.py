"""Ctrl-C while the past is read or a memory is written out is said, has a code of its own, and leaves nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy
from patient_redis import PATIENT
from processes import command_path, eventually
from system.test_stopping import not_ignored

from strategic_memory_server.cli import run_stoppable
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.importing.exported import read_export

pytestmark = pytest.mark.system


def started(*arguments: str | Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [command_path("strategic-memory-server"), *map(str, arguments), "--redis-url", url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **PATIENT},
    )  # fmt: skip


def test_an_import_that_is_interrupted_says_what_became_of_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "trades.csv")
    process = started("import", tmp_path / "trades.csv", url=redis_server.url)
    # Opening waits until the import reads, and it reads on for as long as this stays open.
    with (tmp_path / "trades.csv").open("w") as record:
        record.write("time,realized_pnl\n")
        record.flush()
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert complained.startswith("strategic-memory-server import: interrupted; what is written stays")
    assert redis_client.dbsize() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_export_that_is_interrupted_leaves_nothing(
    fresh_redis: EmbeddedRedis, tmp_path: Path, number: signal.Signals
) -> None:
    with redis.Redis.from_url(fresh_redis.url) as client, client.pipeline(transaction=False) as pipeline:
        for _ in range(100_000):
            pipeline.xadd("quantum:stream:meta.regime", {"regime": "BULL"})
        pipeline.execute()
    with TcpProxy(f"127.0.0.1:{fresh_redis.port}") as link:
        # Some megabytes take minutes so: it cannot be over before the signal comes.
        link.throttle(20_000, direction=Direction.TO_CLIENT)
        with not_ignored(number):
            process = started("export", tmp_path / "export", url=f"redis://{link.address}/0")
        eventually(lambda: list(tmp_path.iterdir()))
        process.send_signal(number)
        said, complained = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert complained.endswith("server export: interrupted; the folder is whole, or nothing of it is there\n")
    assert list(tmp_path.iterdir()) == []


INTERRUPTED_AS_IT_IS_PUT_IN_PLACE = """
import os, runpy, signal
from pathlib import Path

replace = Path.replace

def interrupted(file, place):
    os.kill(os.getpid(), signal.SIGTERM)
    return replace(file, place)

Path.replace = interrupted
runpy.run_module("strategic_memory_server", run_name="__main__")
"""


def test_an_export_that_is_interrupted_once_it_is_in_its_place_is_not_said_to_be_unwritten(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    redis_client.xadd("quantum:stream:meta.regime", {"regime": "BULL"})
    folder = tmp_path / "export"
    command = [sys.executable, "-c", INTERRUPTED_AS_IT_IS_PUT_IN_PLACE, "export", str(folder)]
    ended = subprocess.run(
        [*command, "--redis-url", redis_server.url],
        capture_output=True, text=True, env={**os.environ, **PATIENT}, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, len(read_export(folder).streams)) == (130, 1), ended.stderr
    assert ended.stderr.endswith("export: interrupted; the folder is whole, or nothing of it is there\n")


def test_a_signal_ends_what_runs_where_it_waits_and_nowhere_between(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def told(_number: int, _frame: object) -> None:
        raise SystemExit(130)

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("made")
        try:
            await asyncio.sleep(60)
        finally:
            done.append("tidied")

    monkeypatch.setattr(run_stoppable, "stop", told)
    before = signal.signal(signal.SIGTERM, told)
    try:
        with pytest.raises(SystemExit):
            run_stoppable.run_stoppable(work())
        assert signal.getsignal(signal.SIGTERM) is told
    finally:
        signal.signal(signal.SIGTERM, before)
    assert done == ["made", "tidied"]


IN_THE_BODY_OF_A_CLASS = """
import sys
from strategic_memory_server.cli import stopping

class Member:
    def __set_name__(self, owner, name):
        stopping.stop(15, None)

sys.argv[0] = "strategic-memory-server"
class Owner:
    member = Member()
"""
"""Python makes another error of one that is raised there, as while modules are imported."""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        *(("serve", 0), ("regimes p.csv --publish", 0), ("replay", 130), ("import", 130)),
        # Each of them says with 0 that all is well.
        *(("doctor", 130), ("reproduce", 130), ("prepare-redis", 130), ("shadow-report", 130), ("probe", 130)),
    ],
)
def test_a_stop_while_modules_are_imported_ends_the_command_wherever_it_comes(command: str, code: int) -> None:
    called = [sys.executable, "-c", IN_THE_BODY_OF_A_CLASS, *command.split()]
    ended = subprocess.run(called, capture_output=True, text=True, timeout=30, check=False)
    said = f"strategic-memory-server {command}: interrupted; " if command in ("replay", "import") else ""
    assert (ended.returncode, ended.stderr[: len(said) or None]) == (code, said)
    assert "Traceback" not in ended.stderr
