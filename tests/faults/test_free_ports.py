"""A port is given once, in this process and to all others."""

from __future__ import annotations

import socket

from faults import free_ports


def test_a_port_that_was_given_is_given_to_nobody_else() -> None:
    port = free_ports.free_port()
    assert free_ports._is_free(port)
    assert not free_ports._is_claimed(port)


def test_a_port_that_somebody_listens_on_is_not_given() -> None:
    with socket.create_server((free_ports.HOST, free_ports.free_port())) as listening:
        assert not free_ports._is_free(listening.getsockname()[1])
