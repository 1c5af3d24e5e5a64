"""The writer with a thread of its own: it never waits, keeps what Redis does not take, and ends with the program."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import redis
from faults.free_ports import free_port
from faults.tcp_proxy import TcpProxy
from processes import eventually
from redis._parsers import _RESP3Parser

from strategic_memory_producer import (
    BackgroundWriter,
    Entry,
    EntryRefusedError,
    TraceError,
    UnwrittenError,
    WriterSettings,
    background_writer,
    regime_observation,
    trade_result,
)
from strategic_memory_producer.outbox import Outbox
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

TRADES = "quantum:stream:trade.results"
QUICK = WriterSettings(timeout_s=0.3)


@pytest.fixture
def proxy(redis_server: EmbeddedRedis) -> Iterator[TcpProxy]:
    with TcpProxy(f"127.0.0.1:{redis_server.port}") as proxy:
        yield proxy


def trade_ids(client: redis.Redis) -> list[str]:
    found: Any = client.xrange(TRADES)
    return [fields[b"trade_id"].decode() for _, fields in found]


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


def test_a_wrong_value_is_refused_in_the_call() -> None:
    with (
        BackgroundWriter(f"redis://127.0.0.1:{free_port()}", QUICK) as writer,
        pytest.raises(EntryRefusedError, match="realized_pnl"),
    ):
        writer.record_trade(float("nan"))


def test_what_was_not_written_is_returned_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    writer = BackgroundWriter(f"redis://127.0.0.1:{free_port()}", QUICK)
    entries = [trade_result(0.5, {"trade_id": str(number)}) for number in range(3)]
    writer.write(entries)
    assert writer.close() == tuple(entries)
    assert "3 entries were not written" in caplog.text
    with pytest.raises(TraceError, match="closed"):
        writer.record_trade(0.5)


def test_what_is_returned_at_the_end_was_not_written_and_is_not_afterwards(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    before = set(threading.enumerate())
    writer = BackgroundWriter(redis_server.url, WriterSettings(page=1, timeout_s=0.1))
    [thread] = set(threading.enumerate()) - before
    entries = [trade_result(0.5, {"trade_id": str(number)}) for number in range(20_000)]
    writer.write(entries)
    eventually(lambda: redis_client.xlen(TRADES) > 0)
    left = writer.close()
    thread.join(60)
    written = set(trade_ids(redis_client))
    assert {entry.fields["trade_id"] for entry in entries} == {*written, *(entry.fields["trade_id"] for entry in left)}
    # One entry is on its way at a time, and whether that arrives nobody knows.
    assert len(entries) <= len(written) + len(left) <= len(entries) + 1


def test_what_redis_answered_while_the_process_stood_still_is_not_returned_as_unwritten(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_still, goes_on = threading.Event(), threading.Event()
    answered = Outbox.answered

    def standing_still(outbox: Outbox, answers: Sequence[object]) -> float:
        stands_still.set()
        assert goes_on.wait(60)
        return answered(outbox, answers)

    def late(timeout_s: float) -> None:
        """Wait in vain the first time: its timer is overdue when the process goes on."""
        waits.append(timeout_s)
        if len(waits) > 1:
            goes_on.set()
            join(60)

    before = set(threading.enumerate())
    writer, waits = BackgroundWriter(redis_server.url), list[float]()
    [thread] = set(threading.enumerate()) - before
    join = thread.join
    monkeypatch.setattr(Outbox, "answered", standing_still)
    monkeypatch.setattr(thread, "join", late)
    try:
        writer.write([regime_observation("BULL"), trade_result(0.5, {"trade_id": "1"})])
        assert stands_still.wait(60)
        assert writer.close() == ()
    finally:
        goes_on.set()
    assert trade_ids(redis_client) == ["1"]


def test_what_is_returned_is_not_sent_either_by_one_that_was_about_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over, received = threading.Event(), bytearray()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            while got := connection.recv(65536):
                received.extend(got)
                assert is_over.wait(60)
                if b"XADD" not in received:  # which it hangs at
                    connection.sendall(b"%1\r\n+proto\r\n:3\r\n" if b"HELLO" in got else b"+OK\r\n" * got.count(b"*"))

    def late(timeout_s: float) -> None:
        """Wait in vain the first time, then until the page is on its way, or never will be."""
        waits.append(timeout_s)
        if len(waits) == 2:
            is_over.set()
            assert eventually(lambda: b"XADD" in received or not thread.is_alive())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        before = set(threading.enumerate())
        writer, waits = BackgroundWriter(f"redis://127.0.0.1:{listener.getsockname()[1]}"), list[float]()
        [thread] = set(threading.enumerate()) - before
        join = thread.join
        monkeypatch.setattr(thread, "join", late)
        entries = (regime_observation("BULL"), trade_result(0.5, {"trade_id": "1"}))
        writer.write(entries)
        assert eventually(lambda: b"HELLO" in received)
        assert writer.close() == entries
        join(60)
        server.join(60)
    assert b"XADD" not in received


def test_who_closes_it_while_another_one_does_is_told_no_sooner_what_is_left(
    redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, answered, waits = threading.Event(), Outbox.answered, list[float]()

    def standing_still(outbox: Outbox, answers: Sequence[object]) -> float:
        assert goes_on.wait(60)
        return answered(outbox, answers)

    def waiting(timeout_s: float) -> None:
        waits.append(timeout_s)
        if len(waits) > 1:  # both of them wait
            goes_on.set()
        join(60)

    before = set(threading.enumerate())
    writer, told = BackgroundWriter(redis_server.url), list[tuple[Entry, ...]]()
    [thread] = set(threading.enumerate()) - before
    join = thread.join
    monkeypatch.setattr(Outbox, "answered", standing_still)
    monkeypatch.setattr(thread, "join", waiting)
    writer.write([trade_result(0.5)])
    other = threading.Thread(target=lambda: told.append(writer.close()))
    other.start()
    eventually(lambda: waits)
    try:
        told.append(writer.close())
    finally:
        goes_on.set()
        other.join(60)
    assert told == [(), ()]


def test_one_that_ends_while_redis_hangs_says_no_more_than_what_was_not_written(redis_server: EmbeddedRedis) -> None:
    """The thread still waits for an answer when its connection is ended; redis-py meets a closed file then."""
    program = (
        "import os, signal, sys, threading; sys.modules['hiredis'] = None\n"
        "from strategic_memory_producer import BackgroundWriter, WriterSettings, trade_result\n"
        "writer = BackgroundWriter(sys.argv[1], WriterSettings(timeout_s=1, page=1))\n"
        "[thread] = set(threading.enumerate()) - {threading.main_thread()}\n"
        "writer.write([trade_result(0.5, {'trade_id': str(number)}) for number in range(50_000)])\n"
        "threading.Timer(0.5, os.kill, (int(sys.argv[2]), signal.SIGSTOP)).start()\n"
        "left = len(writer.close())\n"
        "thread.join(30)\n"
        "print(left > 0, thread.is_alive())"
    )
    command = [sys.executable, "-c", program, redis_server.url, str(redis_server.pid)]
    try:
        ended = subprocess.run(command, timeout=60, check=True, capture_output=True, text=True)
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
    assert ended.stdout.split() == ["True", "False"]
    assert "Traceback" not in ended.stderr
    assert "entries were not written" in ended.stderr


@pytest.mark.parametrize("parser", [None, _RESP3Parser], ids=["installed", "python"])
def test_what_redis_hangs_at_when_it_is_closed_is_returned_unless_it_is_in_doubt(
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    parser: type[_RESP3Parser] | None,
) -> None:
    before = set(threading.enumerate())
    writer, waits = BackgroundWriter(redis_server.url), list[float]()
    [thread] = set(threading.enumerate()) - before
    join = thread.join
    if parser:  # which meets a closed file
        writer._waiting._writer._pool.connection_kwargs["parser_class"] = parser

    def overdue(timeout_s: float) -> None:
        """Wait in vain until the connection is ended."""
        waits.append(timeout_s)
        if len(waits) > 2:
            join(60)

    monkeypatch.setattr(thread, "join", overdue)
    trade, behind = (trade_result(0.5, {"trade_id": name}) for name in ("sent", "behind"))
    redis_client.client_pause(60_000, all=False)
    try:
        writer.write([regime_observation("BULL"), trade])
        eventually(lambda: redis_client.info("clients")["blocked_clients"] >= 1)
        writer.write([behind, regime_observation("BEAR")])
        assert writer.close() == (trade, behind, regime_observation("BEAR"))
    finally:
        redis_client.client_unpause()
    assert "1 entries may have been written or not" in caplog.text


def test_too_many_that_wait_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_writer, "MOST_WAITING", 2)
    writer = BackgroundWriter(f"redis://127.0.0.1:{free_port()}", QUICK)
    entries = [trade_result(0.5, {}) for _ in range(3)]
    writer.write(entries[:2])
    with pytest.raises(UnwrittenError, match="2 entries wait already") as refused:
        writer.write(entries[2:])
    assert refused.value.entries == tuple(entries[2:])
    writer.close()


def test_a_program_that_ends_writes_what_waits(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    program = (
        "import sys; from strategic_memory_producer import BackgroundWriter, WriterSettings; "
        "writer = BackgroundWriter(sys.argv[1], WriterSettings(timeout_s=30)); "
        "[writer.record_trade(0.5, trade_id=str(number)) for number in range(2_000)]"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, redis_server.url], timeout=60, check=True)
    assert trade_ids(redis_client) == [str(number) for number in range(2_000)]


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
