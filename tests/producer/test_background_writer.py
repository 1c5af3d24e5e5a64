"""The writer with a thread of its own: it never waits, keeps what Redis does not take, and ends with the program."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import cast

import pytest
import redis
from faults.free_ports import free_port
from faults.tcp_proxy import TcpProxy
from processes import eventually
from producer.background_entries import trade_ids
from producer.both_writers import QUICK
from redis.exceptions import ResponseError

from strategic_memory_producer import (
    BackgroundWriter,
    Entry,
    EntryRefusedError,
    TraceError,
    TraceWriter,
    UnwrittenError,
    WriterSettings,
    background_writer,
    portfolio_entry,
    trade_result,
)
from strategic_memory_producer.outbox import Outbox
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


@pytest.fixture
def proxy(redis_server: EmbeddedRedis) -> Iterator[TcpProxy]:
    with TcpProxy(f"127.0.0.1:{redis_server.port}") as proxy:
        yield proxy


def test_what_redis_does_not_take_waits_in_its_order_and_is_told(
    proxy: TcpProxy, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    # Not a quick one: what is not answered in time is sent again, and stands in the stream twice.
    with BackgroundWriter(f"redis://{proxy.address}") as writer:
        writer.record_trade(0.5, trade_id="0")
        eventually(lambda: writer.waiting == 0)
        proxy.refuse()
        proxy.reset()
        for number in range(1, 20):
            writer.record_trade(0.5, trade_id=str(number))
        eventually(lambda: "traces wait for Redis" in caplog.text)
        assert writer.waiting == 19
        proxy.heal()
        eventually(lambda: writer.waiting == 0)
        assert trade_ids(redis_client) == [str(number) for number in range(20)]
        eventually(lambda: "traces that waited for Redis were written" in caplog.text)


@pytest.mark.parametrize("fails", ["send", "outbox"])
def test_a_fault_of_the_program_is_told_to_whoever_goes_on_writing(
    redis_server: EmbeddedRedis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """The thread had ended, and what was written from then on waited for nobody."""
    works = getattr(TraceWriter, fails)

    def failing(writer: TraceWriter, entries: Sequence[Entry], **more: bool) -> object:
        if entries:
            raise OverflowError("result too large")
        return works(writer, entries, **more)

    monkeypatch.setattr(TraceWriter, fails, failing)
    writer = BackgroundWriter(redis_server.url)
    writer.record_trade(0.5, trade_id="1")
    eventually(lambda: "traces are written no more: a fault of the program" in caplog.text)
    with pytest.raises(TraceError, match="closed by a fault of the program: OverflowError: result too large"):
        writer.record_trade(0.5, trade_id="2")
    assert len(writer.close()) == 1


class Scripted:
    """Stands for a TraceWriter: each attempt comes to what it is told, and takes all once that is over."""

    def __init__(self, *attempts: Sequence[Exception | bytes]) -> None:
        self._attempts = iter(attempts)

    def outbox(self, entries: Sequence[Entry], *, have_failed: bool = False) -> Outbox:
        # Its time is over with each attempt.
        return Outbox(WriterSettings(timeout_s=0.01), entries, have_failed=have_failed)

    def send(self, outbox: Outbox) -> None:
        answers = iter(next(self._attempts, TAKES_ALL))
        while outbox.page():
            page, answer = outbox.sent_page(), next(answers)
            if isinstance(answer, OSError):
                outbox.not_sent(answer)
            else:
                outbox.answered([answer] * len(page))
        outbox.ids()

    def close(self) -> None:
        pass


def told_of(script: Scripted, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return of what trouble the log told while two entries waited through all that was scripted."""
    monkeypatch.setattr(background_writer, "_PAUSE_S", 0.0)
    waiting = background_writer._Waiting(cast("TraceWriter", script))
    waiting.add([portfolio_entry(0.5)] * 2)
    eventually(lambda: not waiting.left())
    waiting.close(60.0)
    told = [record.getMessage().partition(": ")[2] for record in caplog.records if record.levelno >= logging.WARNING]
    return [re.split("[:,(]", text)[0].strip() for text in told]


AWAY = (OSError("connection refused"),)
LOADING = (ResponseError("LOADING Redis is loading the dataset in memory"),)
WRONG_TYPE = (ResponseError("WRONGTYPE Operation against a key"),)
TAKES_ALL = (b"1-0", b"2-0")
IS_AWAY, IS_LOADING, IS_NO_STREAM = (
    "Redis is out of reach",
    "Redis reads its data after a start",
    "the key is no stream",
)


def test_each_outage_is_told_also_while_one_stream_is_refused_for_good(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one stream was refused for had been told, and of every outage from then on nothing was."""
    script = Scripted(WRONG_TYPE, AWAY, AWAY, WRONG_TYPE, AWAY, WRONG_TYPE, WRONG_TYPE, AWAY)
    assert told_of(script, caplog, monkeypatch) == [IS_NO_STREAM, IS_AWAY, IS_AWAY, IS_AWAY]


def test_what_takes_turns_within_an_outage_is_told_once_each(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Scripted(*[AWAY, LOADING] * 5, (b"1-0", *AWAY), LOADING)
    assert told_of(script, caplog, monkeypatch) == [IS_AWAY, IS_LOADING, IS_LOADING]


def test_a_refusal_in_words_that_change_is_told_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told with each attempt, and each of the texts was kept."""
    script = Scripted(*[(ResponseError(f"ERR request {number} failed"),) for number in range(5)])
    assert told_of(script, caplog, monkeypatch) == ["ERR request 0 failed"]


def test_what_lasts_is_told_again_each_hour(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was told once, and weeks later all that had waited since was lost with the program."""
    ten_minutes = (600.0 * number for number in itertools.count())
    monkeypatch.setattr(background_writer, "time", SimpleNamespace(monotonic=lambda: next(ten_minutes)))
    assert told_of(Scripted(*[AWAY] * 13), caplog, monkeypatch) == [IS_AWAY] * 3


def test_a_wrong_value_is_refused_in_the_call() -> None:
    with (
        BackgroundWriter(f"redis://127.0.0.1:{free_port()}", QUICK) as writer,
        pytest.raises(EntryRefusedError, match="realized_pnl"),
    ):
        writer.record_trade(float("nan"))


def test_too_many_that_wait_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_writer, "MOST_WAITING", 2)
    writer = BackgroundWriter(f"redis://127.0.0.1:{free_port()}", QUICK)
    entries = [trade_result(0.5, {}) for _ in range(3)]
    writer.write(entries[:2])
    with pytest.raises(UnwrittenError, match="2 entries wait already") as refused:
        writer.write(entries[2:])
    assert refused.value.entries == tuple(entries[2:])
    writer.close()


def test_a_forked_process_is_told_that_it_has_no_writer(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    program = (
        "import os, sys; from strategic_memory_producer import BackgroundWriter\n"
        "writer = BackgroundWriter(sys.argv[1]); child = os.fork()\n"
        "if child: os.waitpid(child, 0)\n"
        "writer.record_trade(0.5, trade_id='of the parent')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, redis_server.url],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "the writer belongs to the process that was forked from" in done.stderr
    assert trade_ids(redis_client) == ["of the parent"]


FORKED_WHILE_IN_USE = """
import os, signal, socket, sys, threading, time
from strategic_memory_producer import BackgroundWriter, TraceError, TraceWriter, WriterSettings
silent = socket.create_server(("127.0.0.1", 0))
url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
if sys.argv[1] == "background":
    writer = BackgroundWriter(url)
    held = writer._waiting._changed
    threading.Thread(target=held.acquire).start()
else:
    writer = TraceWriter(url, WriterSettings(timeout_s=1.0))
    threading.Thread(target=writer.record_trade, args=(0.5,), daemon=True).start()
    silent.accept()
if not os.fork():
    signal.alarm(30)
    try:
        writer.record_trade(0.5)
    except TraceError:
        os._exit(0)
    os._exit(9)
os._exit(os.waitstatus_to_exitcode(os.wait()[1]) & 255)
"""


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["background", "waiting"])
def test_a_process_that_is_forked_off_while_another_thread_writes_waits_for_nobody(kind: str) -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED_WHILE_IN_USE, kind], timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.processes
def test_a_forked_process_neither_returns_nor_tells_of_what_waits_in_the_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    writer = BackgroundWriter(f"redis://127.0.0.1:{free_port()}", QUICK)
    writer.record_trade(0.5, trade_id="of the parent")
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os._exit(len(writer.close()) + caplog.text.count("were not written"))
        os._exit(9)
    assert os.waitpid(child, 0)[1] == 0
    assert len(writer.close()) == 1
