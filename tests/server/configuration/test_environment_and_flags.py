"""Environment and flags together: all that is wrong is told at once, flags go first, and no secret is in a message."""

from __future__ import annotations

import pytest
from server.configuration.test_environment import error_for

from strategic_memory_server.configuration.environment import SettingsError, read_environment, unknown_variables

HIDDEN = "s3cr3t"


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{HIDDEN}@host:6379/0",
        f"redis://user:{HIDDEN}@host:port/0",
        f"redis://user:{HIDDEN}@host:6379/zero",
        f"redis://user:1/{HIDDEN}@host:6379/0",
        f"redis://user:1#{HIDDEN}@host:6379/0",
        f"redis://user:1?{HIDDEN}@host:6379/0",
        f"redis://host/0?password={HIDDEN}&x=1",
        f"redis://host/0?{HIDDEN}=1",
        f"{HIDDEN}",
    ],
)
def test_a_password_is_never_in_a_message(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    message = error_for(monkeypatch, REDIS_URL=url, MEMORY_SYNC_INTERVAL="abc")
    assert HIDDEN not in message
    assert len(message.splitlines()) == 2


def test_a_password_is_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://user:{HIDDEN}@host:6379/0")
    environment = read_environment()
    assert HIDDEN not in repr(environment.service_settings())


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    message = error_for(
        monkeypatch, REDIS_URL="x", STRATEGIC_MEMORY_TRADE_WINDOW="0", STRATEGIC_MEMORY_GRPC_ADDRESS="y"
    )
    assert [line.split(":")[0] for line in message.splitlines()] == [
        "REDIS_URL",
        "STRATEGIC_MEMORY_TRADE_WINDOW",
        "STRATEGIC_MEMORY_GRPC_ADDRESS",
    ]


def test_flags_go_before_the_environment_and_are_checked_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_SYNC_INTERVAL", "5")
    monkeypatch.setenv("STRATEGIC_MEMORY_KEY_PREFIX", "environment")
    environment = read_environment({"interval": 7, "key_prefix": None, "redis_url": "redis://h:1/2"})
    assert (environment.interval, environment.key_prefix, environment.redis_url) == (7, "environment", "redis://h:1/2")
    with pytest.raises(SettingsError) as refused:
        read_environment({"interval": 0.0, "grpc_address": "x", "redis_url": f"redis://:{HIDDEN}@h:port"})
    lines = str(refused.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "--redis-url",
        "--interval",
        "--grpc-address",
    ]
    assert HIDDEN not in str(refused.value)
    monkeypatch.setenv("MEMORY_SYNC_INTERVAL", "0")
    with pytest.raises(SettingsError, match=r"^MEMORY_SYNC_INTERVAL: .*\n--grpc-address: "):
        read_environment({"interval": None, "grpc_address": "x"})


def test_names_are_taken_in_either_case_and_strangers_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("strategic_memory_trade_window", "9")
    monkeypatch.setenv("STRATEGIC_MEMORY_NOT_A_SETTING", "9")
    assert read_environment().service_settings().sync.advice.windows.trades == 9


def test_a_variable_that_is_none_is_told_with_the_one_that_may_have_been_meant() -> None:
    told = unknown_variables(["STRATEGIC_MEMORY_SYNC_MODE", "strategic_memory_sync_mod", "STRATEGIC_MEMORY_Q", "PATH"])
    assert told == {"STRATEGIC_MEMORY_Q": "", "strategic_memory_sync_mod": "STRATEGIC_MEMORY_SYNC_MODE"}
