"""A peer is its host, whatever it calls itself."""

from __future__ import annotations

from each_case import each_case

from strategic_memory_server.identity.peer import peer_of


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
