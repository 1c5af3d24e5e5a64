"""Where both writers connect to, and that what keeps them out is told without the password."""

from __future__ import annotations

import asyncio
import socketserver
import threading
import time
import traceback
from collections.abc import Iterator
from io import BufferedIOBase
from typing import ClassVar

import pytest
import redis
import redis.asyncio
from processes import eventually
from producer.both_writers import QUICK, MakeWriter
from redis._parsers import _AsyncRESP3Parser, _RESP3Parser

from strategic_memory_producer import (
    AsyncTraceWriter,
    BackgroundWriter,
    EntryRefusedError,
    UnwrittenError,
    WriterSettings,
    async_trace_writer,
    portfolio_entry,
    regime_observation,
    trace_writer,
    trade_result,
)
from strategic_memory_producer.answers import telling_refusals
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


class _OldRedis(socketserver.BaseRequestHandler):
    """Answers as Redis 5 answers a login that it does not know."""

    def handle(self) -> None:
        said = self.request.recv(1_024).split(b"\r\n")[4::2]
        repeated = b" ".join(b"`%s`," % word for word in said)
        self.request.sendall(b"-ERR unknown command `HELLO`, with args beginning with: %s \r\n" % repeated)


def _commands(sent: BufferedIOBase) -> Iterator[list[bytes]]:
    """Yield the words of each command that a client sends."""
    for line in sent:
        if line[:1] == b"*":
            yield [sent.read(int(sent.readline()[1:]) + 2).strip() for _ in range(int(line[1:]))]


class _Silent(socketserver.StreamRequestHandler):
    """Takes entries, and answers nothing to them."""

    sent: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        for words in _commands(self.rfile):
            if words[0] == b"XADD":
                self.sent.append(words[1])
            else:
                self.wfile.write(b"+OK\r\n")


class _Refusing(socketserver.StreamRequestHandler):
    """Refuses entries for a while."""

    refusals: ClassVar[list[bytes]] = []
    sent: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        for words in _commands(self.rfile):
            if words[0] == b"XADD":
                self.sent.append(words[-1])
                said = b"-" + self.refusals.pop() if self.refusals else b"+%d-0" % len(self.sent)
                self.wfile.write(said + b"\r\n")
            else:
                self.wfile.write(b"+OK\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    """It ends beside connections that are open."""


class _Http(socketserver.BaseRequestHandler):
    """Answers as a web server answers what it does not understand."""

    def handle(self) -> None:
        self.request.recv(1_024)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_what_is_no_redis_is_out_of_reach(make_writer: MakeWriter, redis_server: EmbeddedRedis) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Http) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        for url in (f"redis://127.0.0.1:{http.server_address[1]}/0", redis_server.url.rpartition("/")[0] + "/4096"):
            trade = trade_result(0.5)
            with pytest.raises(UnwrittenError, match="check that it runs and that its URL is right") as unwritten:
                make_writer(url, QUICK).write([trade])
            assert unwritten.value.entries == (trade,)
        http.shutdown()


def test_what_may_have_been_taken_is_sent_once_whatever_the_url_says(make_writer: MakeWriter) -> None:
    _Silent.sent.clear()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Silent) as silent:
        threading.Thread(target=silent.serve_forever, daemon=True).start()
        url = f"redis://127.0.0.1:{silent.server_address[1]}/0?protocol=2&retry_on_timeout=true"
        with pytest.raises(UnwrittenError) as unwritten:
            make_writer(url).record_portfolio(0.5)
        silent.shutdown()
    assert len(unwritten.value.in_doubt) == 1
    assert _Silent.sent == [b"quantum:stream:portfolio.memory"]


@pytest.mark.parametrize("parsers", [None, (_RESP3Parser, _AsyncRESP3Parser)], ids=["installed", "python"])
def test_what_a_redis_that_reads_its_data_refuses_is_sent_again(
    make_writer: MakeWriter, monkeypatch: pytest.MonkeyPatch, parsers: tuple[type, type] | None
) -> None:
    """It was in doubt, and observations were lost: redis-py takes that refusal for a connection that broke."""
    if parsers:
        monkeypatch.setattr(trace_writer, "PARSER", telling_refusals(parsers[0]))
        monkeypatch.setattr(async_trace_writer, "ASYNC_PARSER", telling_refusals(parsers[1]))
    _Refusing.sent.clear()
    _Refusing.refusals[:] = [b"LOADING Redis is loading the dataset in memory"] * 4
    entries = [regime_observation("A"), regime_observation("B"), portfolio_entry(1)]
    with _Server(("127.0.0.1", 0), _Refusing) as refusing:
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        writer = make_writer(f"redis://127.0.0.1:{refusing.server_address[1]}/0?protocol=2")
        assert writer.write(entries) == ["5-0", "6-0", "7-0"]
        assert writer.record_trade(1, trade_id="7") == "8-0"
        refusing.shutdown()
    # In their order, also where it has read its data amid what is sent again.
    assert _Refusing.sent == [b"A", b"B", b"1", b"A", b"A", b"B", b"1", b"7"]


def test_what_waits_in_the_background_keeps_its_order_where_redis_has_read_its_data_amid_a_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The older regime was sent again behind the newer one, and was in force then."""
    _Refusing.sent.clear()
    _Refusing.refusals[:] = [b"LOADING Redis is loading the dataset in memory"] * 1_000
    with _Server(("127.0.0.1", 0), _Refusing) as refusing:
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        url = f"redis://127.0.0.1:{refusing.server_address[1]}/0?protocol=2"
        with BackgroundWriter(url, WriterSettings(timeout_s=1)) as writer:
            writer.write([regime_observation("A"), regime_observation("B")])
            # It waits for a second now.
            assert eventually(lambda: "traces wait for Redis: Redis reads its data after a start" in caplog.text)
            del _Refusing.refusals[1:]
            assert eventually(lambda: not writer.waiting)
        refusing.shutdown()
    assert _Refusing.sent[-2:] == [b"A", b"B"]


async def test_what_a_replica_answered_is_not_lost_where_its_connection_does_not_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A peer of TLS that froze after its answer: what was written was told neither as that nor as what it was not."""

    async def frozen(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    _Refusing.sent.clear()
    _Refusing.refusals[:] = [b"READONLY You can't write against a read only replica."]
    with _Server(("127.0.0.1", 0), _Refusing) as refusing:
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        url = f"redis://127.0.0.1:{refusing.server_address[1]}/0?protocol=2"
        async with AsyncTraceWriter(url, WriterSettings(timeout_s=20)) as writer:
            began_s = time.monotonic()
            with monkeypatch.context() as patched:
                patched.setattr(asyncio.StreamWriter, "wait_closed", frozen)
                assert await writer.write([regime_observation("A"), portfolio_entry(1)]) == ["3-0", "2-0"]
            assert time.monotonic() - began_s < 20
        refusing.shutdown()
    assert _Refusing.sent == [b"A", b"1", b"A"]


async def test_a_connection_that_does_not_end_hides_no_error(
    redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    disconnect = redis.asyncio.Connection.disconnect

    async def frozen(connection: redis.asyncio.Connection) -> None:
        await disconnect(connection)
        raise redis.TimeoutError("Timed out closing connection after 5.0")

    async def write() -> None:
        async with AsyncTraceWriter(redis_server.url) as writer:
            await writer.observe_regime("A")
            await writer.observe_regime("")

    monkeypatch.setattr(redis.asyncio.Connection, "disconnect", frozen)
    with pytest.raises(EntryRefusedError):
        await write()


def test_who_is_asked_for_a_password_at_an_entry_is_told_so_at_once(make_writer: MakeWriter) -> None:
    _Refusing.refusals[:] = [b"NOAUTH Authentication required."] * 2
    entries = (regime_observation("A"), trade_result(1))
    with _Server(("127.0.0.1", 0), _Refusing) as refusing:
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        with pytest.raises(UnwrittenError, match="a user and password that it knows") as unwritten:
            make_writer(
                f"redis://127.0.0.1:{refusing.server_address[1]}/0?protocol=2", WriterSettings(timeout_s=3_600)
            ).write(entries)
        refusing.shutdown()
    assert (unwritten.value.entries, unwritten.value.in_doubt) == (entries, ())


def test_a_user_without_permission_is_told_which(
    make_writer: MakeWriter, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    redis_client.acl_setuser("reader", enabled=True, passwords=["+secret-word"], keys=["*"], commands=["+xread"])
    try:
        url = f"redis://reader:%s@127.0.0.1:{redis_server.port}/0"
        with pytest.raises(UnwrittenError, match=r"\+xadd"):
            make_writer(url % "secret-word").observe_regime("BULL")
        with pytest.raises(UnwrittenError, match="user and password") as shut_out:
            make_writer(url % "another-word", WriterSettings(timeout_s=3_600)).observe_regime("BULL")
        assert "another-word" not in str(shut_out.value)
    finally:
        redis_client.acl_deluser("reader")


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret-word@127.0.0.1:1",
        "redis://user:secret#word@127.0.0.1:1/0",
        "redis://:secret/word@127.0.0.1:1/0",
        "redis://:secret\u2100word@127.0.0.1:1/0",
        b"redis://:secret-word@127.0.0.1:1/0",
        "redis://:secret-word@no..host:1/0",
    ],
)
def test_a_url_that_cannot_be_read_is_named_without_its_password(make_writer: MakeWriter, url: object) -> None:
    with pytest.raises(ValueError, match=r"^redis_url: ") as wrong:
        make_writer(url)
    assert "secret" not in "".join(traceback.format_exception_only(wrong.value))


def test_a_server_that_knows_no_login_repeats_no_password(make_writer: MakeWriter) -> None:
    word = "secret" + "-word"  # a traceback shows lines of this file
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _OldRedis) as old:
        threading.Thread(target=old.serve_forever, daemon=True).start()
        with pytest.raises(UnwrittenError, match="unknown command `HELLO`") as unwritten:
            make_writer(f"redis://:{word}@127.0.0.1:{old.server_address[1]}/0").observe_regime("BULL")
        assert word not in "".join(traceback.format_exception(unwritten.value))
        old.shutdown()
