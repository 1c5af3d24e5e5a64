"""What gRPC has to say of lost connections stays out of the output of the tests."""

from __future__ import annotations

import grpc
import pytest

PINGS_TOO_OFTEN = [
    ("grpc.keepalive_time_ms", 50),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 50),
]


async def test_a_connection_that_the_server_breaks_is_not_told_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    server = grpc.aio.server()
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    async with grpc.aio.insecure_channel(address, options=PINGS_TOO_OFTEN) as channel:
        await channel.channel_ready()
        while channel.get_state() is grpc.ChannelConnectivity.READY:
            await channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
    await server.stop(None)
    assert capfd.readouterr().err == ""
