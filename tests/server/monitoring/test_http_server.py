"""The HTTP side on a real port."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from strategic_memory_server.errors import ListenError
from strategic_memory_server.monitoring.http_server import http_app, open_http_server

APP = http_app(lambda: {"status": "active"}, lambda: b"metric 1\n")


async def get(address: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=5, trust_env=False) as client:
        return await client.get(path)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_health_and_metrics(host: str) -> None:
    async with open_http_server(APP, f"{host}:0") as address:
        health, metrics = await get(address, "/health"), await get(address, "/metrics")
    assert (health.status_code, health.json()) == (200, {"status": "active"})
    assert (metrics.status_code, metrics.content) == (200, b"metric 1\n")
    assert metrics.headers["content-type"].startswith("text/plain")


async def test_anything_else_is_not_found() -> None:
    async with open_http_server(APP, "127.0.0.1:0") as address:
        assert (await get(address, "/")).status_code == 404
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=5, trust_env=False) as client:
            assert (await client.post("/health")).status_code == 405


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
    def fail() -> dict[str, Any]:
        raise RuntimeError("redis://user:s3cr3t@host")

    async with open_http_server(http_app(fail, lambda: b""), "127.0.0.1:0") as address:
        response = await get(address, "/health")
    assert response.status_code == 500
    assert "s3cr3t" not in response.text
