"""Each fault of the proxy, between a real client and a real server, and that all of them heal."""

from __future__ import annotations

import errno
import random
import socket
import time
from collections.abc import Iterator

import pytest
from faults.echo_server import EchoServer, connect, read_exactly
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy
from processes import eventually

SOON_S = 30.0
BRIEFLY_S = 0.15


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as one:
        yield one


@pytest.fixture
def proxy(server: EchoServer) -> Iterator[TcpProxy]:
    with TcpProxy(server.address) as one:
        yield one


@pytest.fixture
def client(proxy: TcpProxy) -> Iterator[socket.socket]:
    with connect(proxy.address) as one:
        yield one


def echo(client: socket.socket, data: bytes = b"ping") -> float:
    """Send and get back; the seconds that took."""
    begun = time.monotonic()
    client.sendall(data)
    assert read_exactly(client, len(data)) == data
    return time.monotonic() - begun


def takes(client: socket.socket, at_least_s: float, less_than_s: float, data: bytes = b"ping") -> bool:
    """Whether no echo is back too soon, and one in time: the machine may have much else to do during the others."""

    def is_in_time() -> bool:
        took_s = echo(client, data)
        if took_s < at_least_s:
            pytest.fail(f"back after {took_s:g} s already")
        return took_s < less_than_s

    return eventually(is_in_time, SOON_S)


def is_silent(client: socket.socket) -> bool:
    """Whether nothing comes for a moment."""
    client.settimeout(BRIEFLY_S)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(SOON_S)
    return False


def test_a_perfect_link_changes_nothing(client: socket.socket, proxy: TcpProxy) -> None:
    data = random.Random(1).randbytes(300_000)
    client.settimeout(SOON_S)
    for start in range(0, len(data), 50_000):
        echo(client, data[start : start + 50_000])
    assert (proxy.accepted, proxy.connections, proxy.waiting_bytes) == (1, 1, 0)


def test_delay_is_for_each_direction(client: socket.socket, proxy: TcpProxy) -> None:
    assert takes(client, 0.0, 0.05)
    proxy.delay(60)
    assert takes(client, 0.12, 1.0)
    proxy.delay(0, direction=Direction.TO_CLIENT)
    assert takes(client, 0.06, 0.12)
    proxy.heal()
    assert takes(client, 0.0, 0.05)


def test_jitter_keeps_the_bytes_in_order(client: socket.socket, proxy: TcpProxy) -> None:
    proxy.delay(1, jitter_ms=10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sent = bytes(range(200))
    for each in sent:
        client.sendall(bytes([each]))
    assert read_exactly(client, len(sent)) == sent


def test_what_is_delayed_passes_when_the_link_is_healed(client: socket.socket, proxy: TcpProxy) -> None:
    proxy.delay(60_000)
    client.sendall(b"late")
    assert is_silent(client)
    proxy.heal()
    assert read_exactly(client, 4) == b"late"


def test_stall_holds_everything_back_and_loses_nothing(
    client: socket.socket, proxy: TcpProxy, server: EchoServer
) -> None:
    echo(client)
    proxy.stall()
    client.sendall(b"held")
    assert is_silent(client)
    assert server.received == 4
    with connect(proxy.address) as other:
        other.sendall(b"new")
        assert is_silent(other)
        proxy.heal()
        assert read_exactly(client, 4) == b"held"
        assert read_exactly(other, 3) == b"new"


@pytest.mark.parametrize("direction", Direction)
def test_cut_holds_one_direction_back(
    client: socket.socket, proxy: TcpProxy, server: EchoServer, direction: Direction
) -> None:
    echo(client)
    proxy.cut(direction)
    client.sendall(b"half")
    assert is_silent(client)
    received = 4 if direction is Direction.TO_SERVER else 8
    assert eventually(lambda: server.received == received)
    proxy.heal()
    assert read_exactly(client, 4) == b"half"


def test_what_is_held_back_is_bounded(client: socket.socket, proxy: TcpProxy) -> None:
    echo(client)
    proxy.stall()
    client.setblocking(False)
    sent = 0
    quiet_since = time.monotonic()

    def is_full() -> bool:
        nonlocal sent, quiet_since
        try:
            sent += client.send(bytes(65_536))
            quiet_since = time.monotonic()
        except BlockingIOError:
            pass
        return time.monotonic() - quiet_since > BRIEFLY_S

    eventually(is_full, SOON_S)
    assert 0 < eventually(lambda: proxy.waiting_bytes) <= 2 * 1024 * 1024
    assert sent < 16 * 1024 * 1024


def test_a_stalled_link_does_not_tell_that_the_server_is_away(proxy: TcpProxy) -> None:
    proxy.retarget("127.0.0.1:1")
    proxy.stall()
    with connect(proxy.address) as client:
        assert is_silent(client)
        proxy.heal()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_healed_link_owes_nothing(client: socket.socket, proxy: TcpProxy) -> None:
    proxy.throttle(1)
    client.sendall(bytes(1_000))
    assert is_silent(client)
    proxy.heal()
    assert read_exactly(client, 1_000) == bytes(1_000)
    proxy.delay(10)
    assert echo(client) < SOON_S


def test_throttle_lets_so_many_bytes_a_second_pass(client: socket.socket, proxy: TcpProxy) -> None:
    proxy.throttle(100_000, direction=Direction.TO_SERVER)
    assert takes(client, 0.19, 2.0, bytes(20_000))


def test_reset_breaks_both_sides_with_a_reset(client: socket.socket, proxy: TcpProxy, server: EchoServer) -> None:
    echo(client)
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert server.wait_for_end()
    assert proxy.connections == 0
    with connect(proxy.address) as again:
        echo(again)


def test_refuse_turns_new_connections_away_and_keeps_the_old(client: socket.socket, proxy: TcpProxy) -> None:
    echo(client)
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy.address)
    echo(client)
    address = proxy.address
    proxy.heal()
    assert proxy.address == address
    with connect(proxy.address) as again:
        echo(again)


def test_a_server_that_is_away_looks_like_a_broken_connection(proxy: TcpProxy) -> None:
    proxy.retarget("127.0.0.1:1")
    with pytest.raises(ConnectionResetError), connect(proxy.address) as client:
        client.recv(1)


def test_new_connections_lead_to_the_new_target(client: socket.socket, proxy: TcpProxy, server: EchoServer) -> None:
    echo(client)
    with EchoServer() as other:
        proxy.retarget(other.address)
        echo(client)
        assert (server.received, other.received) == (8, 0)
        with connect(proxy.address) as moved:
            echo(moved)
        assert (server.received, other.received) == (8, 4)


def test_the_end_of_one_side_is_told_to_the_other(client: socket.socket, proxy: TcpProxy) -> None:
    client.sendall(b"last")
    client.shutdown(socket.SHUT_WR)
    assert read_exactly(client, 100) == b"last"
    eventually(lambda: proxy.connections == 0)


def test_an_end_does_not_pass_a_stalled_link(client: socket.socket, proxy: TcpProxy, server: EchoServer) -> None:
    echo(client)
    proxy.stall()
    client.close()
    assert not server.wait_for_end(BRIEFLY_S)
    proxy.heal()
    assert server.wait_for_end()


def test_a_reset_does_not_pass_a_stalled_link(client: socket.socket, proxy: TcpProxy, server: EchoServer) -> None:
    echo(client)
    proxy.stall()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.close()
    assert not server.wait_for_end(BRIEFLY_S)
    proxy.heal()
    assert server.wait_for_end()


def test_closing_ends_everything(client: socket.socket, proxy: TcpProxy) -> None:
    echo(client)
    proxy.close()
    proxy.close()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(OSError, match="refused") as refused:
        connect(proxy.address)
    assert refused.value.errno == errno.ECONNREFUSED


def test_what_is_held_on_open_connections_is_overtaken_and_arrives_after_its_sender_has_left(
    client: socket.socket, proxy: TcpProxy, server: EchoServer
) -> None:
    echo(client)
    proxy.hold_open()
    client.sendall(b"late")
    client.close()
    with connect(proxy.address) as other:
        echo(other, b"early")
    assert server.received == len(b"ping" + b"early")
    proxy.heal()
    eventually(lambda: server.received == len(b"ping" + b"early" + b"late"))
