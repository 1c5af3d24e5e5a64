"""The HTTP side over TLS: connections that say nothing, before their handshake and after."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from certificates import Authority
from server.monitoring.told_pages import ToldPages

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.monitoring.http_server import http_app, open_http_server
from strategic_memory_server.tls.served_certificates import ServedCertificates
from strategic_memory_server.tls.tls_settings import TlsSettings

pytestmark = [pytest.mark.processes, pytest.mark.both_loops]


async def test_connections_that_never_shake_hands_keep_nobody_out(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    pair = authority.certificate("server")
    certificates = ServedCertificates(TlsSettings(str(pair.chain), str(pair.key)), Problems())
    trusting = ssl.create_default_context(cafile=str(authority.own.chain))
    app = http_app(ToldPages({"status": "active"}))
    async with open_http_server(app, "127.0.0.1:0", 2, certificates) as address:
        silent = [await asyncio.open_connection(*address.split(":")) for _ in range(4)]
        own = f"https://{address}"
        async with httpx.AsyncClient(base_url=own, verify=trusting, timeout=30, trust_env=False) as client:
            for _ in range(3):
                assert (await client.get("/health", headers={"connection": "close"})).status_code == 200
        # The oldest had to go, the youngest did not.
        async with asyncio.timeout(30):
            assert await silent[0][0].read() == b""
        assert not silent[3][0].at_eof()
        for _, writer in silent:
            writer.close()


async def test_a_flood_of_one_host_pushes_out_none_of_another(tmp_path: Path) -> None:
    pair = Authority(tmp_path, "ca").certificate("server")
    certificates = ServedCertificates(TlsSettings(str(pair.chain), str(pair.key)), Problems())
    async with open_http_server(http_app(ToldPages()), "127.0.0.1:0", 2, certificates) as address:
        place = address.split(":")
        here = await asyncio.open_connection(*place)
        there = [await asyncio.open_connection(*place, local_addr=("127.0.0.2", 0)) for _ in range(9)]
        # There is room for four.
        for reader, _ in there[:6]:
            async with asyncio.timeout(30):
                assert await reader.read() == b""
        assert not here[0].at_eof()
        for _, writer in (here, *there):
            writer.close()
