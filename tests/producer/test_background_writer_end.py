"""The end of the writer with a thread of its own: what it returns was not written, and is not afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest
import redis
from faults.free_ports import free_port
from processes import eventually
from producer.background_entries import TRADES, trade_ids
from producer.both_writers import QUICK
from redis._parsers import _RESP3Parser

from strategic_memory_producer import (
    BackgroundWriter,
    Entry,
    TraceError,
    WriterSettings,
    regime_observation,
    trade_result,
)
from strategic_memory_producer.outbox import Outbox
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


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


def test_what_is_on_its_way_is_in_doubt_too_where_the_end_of_its_connection_is_not_met_in_time(
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where the process stood still just then, it was returned as not written, and Redis took it all the same."""
    goes_on, broken_off, before = threading.Event(), Outbox.broken_off, set(threading.enumerate())

    def standing_still(outbox: Outbox, error: Exception) -> float:
        assert goes_on.wait(60)
        return broken_off(outbox, error)

    writer = BackgroundWriter(redis_server.url)
    [thread] = set(threading.enumerate()) - before
    join = thread.join
    monkeypatch.setattr(Outbox, "broken_off", standing_still)
    monkeypatch.setattr(thread, "join", lambda _timeout_s: None)
    trade, behind = trade_result(0.5, {"trade_id": "sent"}), regime_observation("BEAR")
    redis_client.client_pause(60_000, all=False)
    try:
        writer.write([regime_observation("BULL"), trade])
        eventually(lambda: redis_client.info("clients")["blocked_clients"] >= 1)
        writer.write([behind])
        assert writer.close() == (trade, behind)
    finally:
        redis_client.client_unpause()
        goes_on.set()
        join(60)
    assert caplog.text.count("1 entries may have been written or not") == 1
    assert writer.close() == (trade, behind)


def test_a_program_that_ends_writes_what_waits(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    program = (
        "import sys; from strategic_memory_producer import BackgroundWriter, WriterSettings; "
        "writer = BackgroundWriter(sys.argv[1], WriterSettings(timeout_s=30)); "
        "[writer.record_trade(0.5, trade_id=str(number)) for number in range(2_000)]"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, redis_server.url], timeout=60, check=True)
    assert trade_ids(redis_client) == [str(number) for number in range(2_000)]
