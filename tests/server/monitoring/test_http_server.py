"""The HTTP side on a real port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from server.monitoring.told_pages import ToldPages

from strategic_memory_server.faults.errors import ListenError
from strategic_memory_server.monitoring import http_connection
from strategic_memory_server.monitoring.http_connection import BoundedConnection
from strategic_memory_server.monitoring.http_server import http_app, open_http_server
from strategic_memory_server.monitoring.http_settings import HttpSettings

pytestmark = pytest.mark.both_loops

APP = http_app(ToldPages({"status": "active"}, b"metric 1\n"))


async def get(address: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30, trust_env=False) as client:
        return await client.get(path)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_health_and_metrics(host: str) -> None:
    async with open_http_server(APP, f"{host}:0") as address:
        health, metrics = await get(address, "/health"), await get(address, "/metrics")
    assert (health.status_code, health.json()) == (200, {"status": "active"})
    assert (metrics.status_code, metrics.content) == (200, b"metric 1\n")
    assert metrics.headers["content-type"].startswith("text/plain")


async def test_probes_tell_whether_it_lives_and_whether_it_takes_calls() -> None:
    serving = [True]
    app = http_app(ToldPages(), is_serving=lambda: serving[0])
    async with open_http_server(app, "127.0.0.1:0") as address:
        assert (await get(address, "/health/ready")).status_code == 200
        serving[0] = False
        ready, live = await get(address, "/health/ready"), await get(address, "/health/live")
    assert (ready.status_code, ready.json(), live.status_code) == (503, {"ready": False}, 200)


@pytest.mark.parametrize(
    ("serves", "was_read", "code"), [(True, True, 200), (True, False, 503), (False, True, 503), (False, False, 503)]
)
async def test_whoever_has_not_read_the_log_has_not_caught_up(serves: bool, was_read: bool, code: int) -> None:
    app = http_app(ToldPages(), is_serving=lambda: serves, was_read=lambda: was_read)
    async with open_http_server(app, "127.0.0.1:0") as address:
        told = await get(address, "/health/caught-up")
    assert (told.status_code, told.json()) == (code, {"caught_up": code == 200})


async def test_anything_else_is_not_found() -> None:
    async with open_http_server(APP, "127.0.0.1:0") as address:
        assert (await get(address, "/")).status_code == 404
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30, trust_env=False) as client:
            assert (await client.post("/health")).status_code == 405


async def test_a_name_that_is_not_ours_is_refused_and_every_answer_says_what_it_is() -> None:
    asked = {
        "": (
            "localhost",
            "LOCALHOST:8001",
            "127.0.0.1",
            "10.0.0.7:8001",
            "[::1]:8001",
            "[fe80::1]",
            "ours.example:1",
            "ours.example.",
        ),
        "refused": ("evil.example", "evil.example:8001", "127.0.0.1.evil.example", "localhost.evil.example", "127.1"),
    }
    app = http_app(ToldPages({"status": "active"}), HttpSettings(hosts=("Ours.example",)))
    async with (
        open_http_server(app, "127.0.0.1:0") as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30, trust_env=False) as client,
    ):
        for refused, hosts in asked.items():
            for host in hosts:
                answer = await client.get("/health", headers={"host": host})
                assert answer.status_code == (421 if refused else 200), host
                assert ("STRATEGIC_MEMORY_HTTP_HOSTS" in answer.text) == bool(refused)
        for method, path in (("GET", "/health"), ("GET", "/nothing"), ("POST", "/health"), ("BREW", "/metrics")):
            answer = await client.request(method, path)
            assert answer.headers["x-content-type-options"] == "nosniff"
    async with (
        open_http_server(http_app(ToldPages(), HttpSettings(hosts=("*",))), "127.0.0.1:0") as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30, trust_env=False) as client,
    ):
        assert (await client.get("/health", headers={"host": "evil.example"})).status_code == 200


async def test_an_answer_of_a_busy_process_tells_the_time_at_which_it_is_given() -> None:
    async with (
        open_http_server(http_app(ToldPages({"status": "active"})), "127.0.0.1:0") as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30, trust_env=False) as client,
    ):
        for path in ("/health", "/nothing"):
            time.sleep(1.1)  # noqa: ASYNC251 - nothing else runs meanwhile, as in a process that is busy
            asked_s = int(time.time())
            (told,) = (await client.get(path)).headers.get_list("date")
            assert asked_s <= parsedate_to_datetime(told).timestamp() <= time.time()


async def said_to(address: str, text: bytes) -> bytes:
    """What the server says to a connection before it ends it."""
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(text)
    try:
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionError):
                return await reader.read()
            return b""
    finally:
        writer.close()


async def test_connections_that_ask_for_nothing_end_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "REQUEST_S", 0.2)
    whole = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answered = BoundedConnection.on_response_complete

    def on_response_complete(connection: BoundedConnection) -> None:
        monkeypatch.setattr(http_connection, "REQUEST_S", 0.2)
        # uvicorn would end it in five seconds as well.
        connection.timeout_keep_alive = 3_600
        answered(connection)

    monkeypatch.setattr(BoundedConnection, "on_response_complete", on_response_complete)
    async with open_http_server(APP, "127.0.0.1:0") as address:
        for text in (b"", whole[:-2], b"GET /hea"):
            assert await said_to(address, text) == b""
        for text, answer in (
            # Half of the next request does not keep one either.
            (whole + whole[:9], b"HTTP/1.1 200 OK"),
            (b"POST /health HTTP/1.1\r\nHost: localhost\r\ncontent-length: 9\r\n\r\n", b"HTTP/1.1 405"),
            (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5_000, b"HTTP/1.1 400"),
        ):
            # A busy machine may take longer than that to answer: the time is short from the answer on.
            monkeypatch.setattr(http_connection, "REQUEST_S", 3_600.0)
            assert (await said_to(address, text)).startswith(answer)


async def test_a_request_that_lies_unread_while_the_process_stands_still_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_connection, "REQUEST_S", 0.5)
    made, begin = asyncio.Event(), BoundedConnection.connection_made

    def connection_made(connection: BoundedConnection, transport: asyncio.Transport) -> None:
        begin(connection, transport)
        made.set()

    monkeypatch.setattr(BoundedConnection, "connection_made", connection_made)
    async with open_http_server(APP, "127.0.0.1:0") as address:
        reader, writer = await asyncio.open_connection(*address.split(":"))
        async with asyncio.timeout(30):
            await made.wait()
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(1.0)  # noqa: ASYNC251 - the time of the connection is over before its request is read
        # Whatever else the machine does from here on.
        monkeypatch.setattr(http_connection, "REQUEST_S", 3_600.0)
        async with asyncio.timeout(30):
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.close()


@pytest.mark.parametrize("answered_first", [False, True])
async def test_a_request_that_breaks_off_into_nonsense_writes_nothing_to_the_log(
    answered_first: bool,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It is the nonsense that ends the connection, and not the time.
    monkeypatch.setattr(http_connection, "REQUEST_S", 3_600.0)
    head = b"POST /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with open_http_server(APP, "127.0.0.1:0") as address:
        if answered_first:
            reader, writer = await asyncio.open_connection(*address.split(":"))
            writer.write(head)
            assert (await reader.readline()).startswith(b"HTTP/1.1 405")
            writer.write(b"no length\r\n")
            async with asyncio.timeout(30):
                await reader.read()
            writer.close()
        else:
            assert (await said_to(address, head + b"no length\r\n")).startswith(b"HTTP/1.1 400")
        assert (await get(address, "/health")).status_code == 200
    # Anybody could fill a disk otherwise, with some kilobytes for each such request.
    assert (capfd.readouterr().err, caplog.records) == ("", [])


async def test_an_answer_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "REQUEST_S", 0.2)
    lost = asyncio.Event()
    end = BoundedConnection.connection_lost

    def connection_lost(connection: BoundedConnection, error: Exception | None) -> None:
        end(connection, error)
        lost.set()

    monkeypatch.setattr(BoundedConnection, "connection_lost", connection_lost)
    much = b"x" * 50_000_000
    async with open_http_server(http_app(ToldPages(metrics=much)), "127.0.0.1:0") as address:
        _, writer = await asyncio.open_connection(*address.split(":"), limit=1)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(30):
            await lost.wait()
        writer.transport.abort()


async def test_of_too_many_connections_those_that_wait_longest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine all of them would have waited too long by the end.
    monkeypatch.setattr(http_connection, "REQUEST_S", 3_600.0)
    async with open_http_server(APP, "127.0.0.1:0", most_connections=3) as address:
        idle = [await asyncio.open_connection(*address.split(":")) for _ in range(3)]
        for _ in range(2):
            assert (await get(address, "/health")).status_code == 200
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionError):
                assert await idle[0][0].read() == b""
        # The youngest one is still there.
        idle[2][1].write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await idle[2][0].readline() == b"HTTP/1.1 200 OK\r\n"
        for _, writer in idle:
            writer.close()


async def test_a_port_that_is_taken_is_an_error_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ListenError, match=f"{address}.*STRATEGIC_MEMORY_HTTP_ADDRESS"):
            async with open_http_server(APP, address):
                pass


async def test_a_host_that_does_not_exist_is_an_error_too() -> None:
    with pytest.raises(ListenError, match="STRATEGIC_MEMORY_HTTP_ADDRESS"):
        async with open_http_server(APP, "nowhere.invalid:0"):
            pass


async def test_the_port_is_free_again_afterwards() -> None:
    async with open_http_server(APP, "127.0.0.1:0") as address:
        pass
    async with open_http_server(APP, address) as again:
        assert (await get(again, "/health")).status_code == 200


async def test_a_fault_in_the_report_is_an_error_without_its_text(capfd: pytest.CaptureFixture[str]) -> None:
    class FailingPages(ToldPages):
        async def health(self, portfolio: str = "") -> dict[str, Any]:
            raise RuntimeError("redis://user:s3cr3t@host")

    async with open_http_server(http_app(FailingPages()), "127.0.0.1:0") as address:
        response = await get(address, "/health")
    assert response.status_code == 500
    assert "s3cr3t" not in response.text
