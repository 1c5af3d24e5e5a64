"""Streams are counted in all and by peer, whatever the peer calls itself."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from each_case import each_case

from strategic_memory_server.faults.errors import TooManyOfOnePeerError, TooManySubscribersError
from strategic_memory_server.rpc.streams.peer import peer_of
from strategic_memory_server.rpc.streams.subscriptions import Subscriptions


@each_case(
    ("name", "peer"),
    [
        ("ipv4:10.0.0.7:41234", "10.0.0.7"),
        ("ipv6:%5B::1%5D:41234", "::/64"),
        ("ipv6:[2001:db8:1:2:3:4:5:6]:41234", "2001:db8:1:2::/64"),
        ("ipv6:%5B2001:db8:1:2::9%5D:1", "2001:db8:1:2::/64"),
        ("ipv6:[::ffff:10.0.0.7]:41234", "10.0.0.7"),
        ("ipv6:[fe80::1%25eth0]:41234", "fe80::/64"),
        ("unix:/run/service.sock", "unix:/run/service.sock"),
        ("ipv4:strange", "ipv4:strange"),
        ("", ""),
    ],
)
def test_a_peer_is_its_host(name: str, peer: str) -> None:
    assert peer_of(name) == peer


def test_the_streams_of_one_peer_leave_room_for_others() -> None:
    subscriptions = Subscriptions(5, 0.5)
    with ExitStack() as streams:
        for port in (1, 2):
            streams.enter_context(subscriptions.admitted(f"ipv4:10.0.0.1:{port}"))
        with pytest.raises(TooManyOfOnePeerError, match="STRATEGIC_MEMORY_PEER_SHARE"):
            streams.enter_context(subscriptions.admitted("ipv6:[::ffff:10.0.0.1]:3"))
        with subscriptions.admitted("ipv4:10.0.0.2:1"), subscriptions.admitted("ipv4:10.0.0.2:2"):
            streams.enter_context(subscriptions.admitted("ipv4:10.0.0.3:1"))
            with pytest.raises(TooManySubscribersError, match="STRATEGIC_MEMORY_MAX_SUBSCRIBERS"):
                streams.enter_context(subscriptions.admitted("ipv4:10.0.0.4:1"))
        assert subscriptions.count == 3
    assert subscriptions.count == 0
    # However small the share, one is admitted.
    with Subscriptions(5, 0.01).admitted("ipv4:10.0.0.1:1"):
        pass
