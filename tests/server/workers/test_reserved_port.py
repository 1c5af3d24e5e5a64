"""A port that is kept for several processes, and for nobody else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from strategic_memory_server.faults.errors import ListenError
from strategic_memory_server.workers.reserved_port import reserved

SETTING = "STRATEGIC_MEMORY_HTTP_ADDRESS"


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@contextmanager
def listening(address: str, *, is_shared: bool) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", port_of(address)), reuse_port=is_shared) as listener:
        yield listener


def test_a_free_port_is_found_and_several_processes_listen_on_it() -> None:
    with reserved("127.0.0.1:0", SETTING) as address, ExitStack() as stack:
        assert address.startswith("127.0.0.1:")
        assert port_of(address)
        for _ in range(3):
            stack.enter_context(listening(address, is_shared=True))
        # Nobody is left hanging at the socket that only keeps the port: whoever connects reaches a listener.
        with socket.create_connection(("127.0.0.1", port_of(address)), timeout=10):
            pass


def test_while_nobody_listens_a_connection_is_refused() -> None:
    with reserved("127.0.0.1:0", SETTING) as address, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(address)), timeout=10)


def test_a_second_service_is_refused_whether_or_not_it_has_several_processes() -> None:
    with reserved("127.0.0.1:0", SETTING) as address:
        for _ in range(2):
            with pytest.raises(ListenError, match=f"cannot listen on {address}: Address already in use; set {SETTING}"):
                reserved(address, SETTING).__enter__()
            with pytest.raises(OSError, match="in use"):
                listening(address, is_shared=False).__enter__()
    with listening(address, is_shared=False), pytest.raises(ListenError):
        reserved(address, SETTING).__enter__()


def test_what_was_connected_before_keeps_the_port_from_nobody() -> None:
    with (
        reserved("127.0.0.1:0", SETTING) as address,
        listening(address, is_shared=True) as listener,
        socket.create_connection(("127.0.0.1", port_of(address)), timeout=10),
    ):
        accepted, _ = listener.accept()
        # Whoever closes first leaves the connection in TIME_WAIT, at the side of the port.
        accepted.close()
    with reserved(address, SETTING) as again:
        assert again == address


# A server of names that does not answer in time is another reason than one that knows no such name.
@pytest.mark.parametrize(
    ("address", "why"), [("192.0.2.1:0", "assign"), ("nowhere.invalid:0", "(known|name resolution)")]
)
def test_an_address_that_cannot_be_listened_on(address: str, why: str) -> None:
    with pytest.raises(ListenError, match=f"cannot listen on {address}: .*{why}.*; set {SETTING}"):
        reserved(address, SETTING).__enter__()


def test_an_address_that_is_found_twice_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a file of hosts that has the line twice; it was taken for one that another program listens on."""
    found = socket.getaddrinfo("127.0.0.1", 0, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: 2 * found)
    with reserved("127.0.0.1:0", SETTING) as address, pytest.raises(OSError, match="in use"):
        listening(address, is_shared=False).__enter__()


def test_a_name_with_several_addresses_has_one_port() -> None:
    with reserved("localhost:0", SETTING) as address, pytest.raises(OSError, match="in use"):
        listening(address, is_shared=False).__enter__()


def test_a_port_that_is_taken_on_another_address_of_the_host_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 0 takes what is free on the first address; a service that asked for any port did not start."""
    resolve, bind, taken = socket.getaddrinfo, socket.socket.bind, ["127.0.0.2", "127.0.0.2"]

    def two_addresses(_host: str, port: int, **asked: int) -> list[Any]:
        return [*resolve("127.0.0.1", port, **asked), *resolve("127.0.0.2", port, **asked)]

    with ExitStack() as others:

        def bound(self: socket.socket, place: tuple[str, int]) -> None:
            bind(self, place)
            if taken and place[0] == "127.0.0.1":
                bind(others.enter_context(socket.socket()), (taken.pop(), self.getsockname()[1]))

        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", two_addresses)
            patched.setattr(socket.socket, "bind", bound)
            address = others.enter_context(reserved("two.example:0", SETTING))
        assert not taken
        for host in ("127.0.0.1", "127.0.0.2"):
            with pytest.raises(OSError, match="in use"):
                socket.create_server((host, port_of(address)))


def test_an_address_of_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with reserved("[::1]:0", SETTING) as address:
        assert address.startswith("[::1]:")
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("::1", port_of(address)), family=socket.AF_INET6)


@pytest.mark.parametrize("host", ["no..host", "x" * 64])
def test_what_can_be_the_name_of_no_host_is_refused_as_any_other_address(host: str) -> None:
    with pytest.raises(ListenError, match=f"cannot listen on {host}:0: this can be the name of no host; set {SETTING}"):
        reserved(f"{host}:0", SETTING).__enter__()
