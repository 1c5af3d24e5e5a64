from __future__ import annotations

import random
from pathlib import Path

import pytest

from strategic_memory_client import Backoff, ClientOptions, ResumePoint, StrategicMemoryClient, TlsOptions
from strategic_memory_client.channel_settings import channel_arguments
from strategic_memory_client.options import checked_addresses


@pytest.mark.parametrize("address", ["localhost", "50051", ":50051", "host:", "host:x", "host:0", "host:65536", "", []])
def test_what_is_no_address_is_refused(address: str | list[str]) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:50051"):
        StrategicMemoryClient(address)


def test_one_address_or_several() -> None:
    assert checked_addresses("h:1") == ("h:1",)
    assert checked_addresses(["h:1", "[::1]:2"]) == ("h:1", "[::1]:2")


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout_s": 0.0},
        {"connect_timeout_s": -1.0},
        {"keepalive_timeout_s": float("nan")},
        {"keepalive_time_s": 19.9},
        {"heartbeat_interval_s": 0.09},
        {"heartbeat_interval_s": 3601.0},
        {"heartbeat_interval_s": float("nan")},
        {"missed_heartbeats": 0},
        {"max_message_bytes": 0},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).replace("_interval_s", ".interval")):
        ClientOptions(**wrong)  # type: ignore[arg-type]  # each name goes with its own type


def test_a_certificate_needs_its_key() -> None:
    with pytest.raises(ValueError, match="both or neither"):
        TlsOptions(certificate_chain=Path("x"))


def test_a_tls_file_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    with pytest.raises(FileNotFoundError, match=r"ca\.pem"):
        StrategicMemoryClient(options=ClientOptions(tls=TlsOptions(root_certificates=missing)))


def test_connections_keep_to_what_the_service_permits() -> None:
    arguments = dict(channel_arguments(ClientOptions()))
    assert int(arguments["grpc.keepalive_time_ms"]) >= 20_000
    assert arguments["grpc.max_receive_message_length"] == 64 * 1024 * 1024


def test_delays_grow_up_to_their_limit_and_are_drawn() -> None:
    backoff = Backoff(initial_s=1.0, max_s=5.0, factor=2.0)
    source = random.Random(3)
    for earlier, bound_s in [(0, 1), (1, 2), (2, 4), (3, 5), (4, 5), (10_000, 5)]:
        delays = [backoff.delay_s(earlier, source) for _ in range(200)]
        assert all(bound_s / 2 <= delay_s <= bound_s for delay_s in delays)
        assert max(delays) - min(delays) > bound_s / 4


@pytest.mark.parametrize(("initial_s", "max_s", "factor"), [(0.0, 1.0, 2.0), (2.0, 1.0, 2.0), (1.0, 2.0, 0.5)])
def test_a_backoff_that_does_not_back_off_is_refused(initial_s: float, max_s: float, factor: float) -> None:
    with pytest.raises(ValueError, match="must"):
        Backoff(initial_s, max_s, factor)


@pytest.mark.parametrize("revision", [-1, 2**64])
def test_a_revision_that_cannot_be_is_refused(revision: int) -> None:
    with pytest.raises(ValueError, match=str(revision)):
        ResumePoint(revision)
