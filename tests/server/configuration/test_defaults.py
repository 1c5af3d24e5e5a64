"""What holds where nothing is set: fixed values, and those that follow from others."""

from __future__ import annotations

import pytest

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.revisions.contract_bounds import times_outside_contract


def test_without_variables_the_documented_defaults_hold() -> None:
    settings = read_environment().service_settings()
    assert settings == ServiceSettings()
    assert settings.redis.url == "redis://redis:6379/0"
    assert (settings.sync.interval_s, settings.sync.validity_s) == (60.0, 180.0)
    assert (settings.grpc.address, settings.http.address) == ("127.0.0.1:50051", "127.0.0.1:8001")
    assert settings.redis.key_prefix == "quantum"
    windows = settings.sync.advice.windows
    assert (windows.regime, windows.portfolio, windows.trades) == (50, 50, 30)


def test_the_validity_follows_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_SYNC_INTERVAL", "10")
    assert read_environment().service_settings().sync.validity_s == 30.0
    monkeypatch.setenv("STRATEGIC_MEMORY_VALIDITY", "15")
    assert read_environment().service_settings().sync.validity_s == 15.0
    monkeypatch.setenv("MEMORY_SYNC_INTERVAL", "10.1")
    with pytest.raises(
        SettingsError, match=r"^STRATEGIC_MEMORY_VALIDITY is 15 s while MEMORY_SYNC_INTERVAL is 10\.1 s"
    ):
        read_environment()


def test_the_validity_of_the_longest_interval_is_within_the_bounds_of_the_contract() -> None:
    validity_s = read_environment({"interval": 86_400}).service_settings().sync.validity_s
    assert times_outside_contract(Times(0, 0, round(validity_s * 1000))) is None


@pytest.mark.parametrize(("interval", "lease_s"), [("60", 5.0), ("5", 5.0), ("2", 2.0), ("0.1", 1.0)])
def test_an_advice_outlives_the_change_of_a_leader_by_default(
    monkeypatch: pytest.MonkeyPatch, interval: str, lease_s: float
) -> None:
    monkeypatch.setenv("MEMORY_SYNC_INTERVAL", interval)
    assert read_environment().service_settings().sync.lease_s == lease_s
