"""The environment: every variable, and what a wrong value says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from each_case import each_case

from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.configuration import environment_values
from strategic_memory_server.configuration.environment import Environment, SettingsError, _variable, read_environment
from strategic_memory_server.configuration.service_settings import Role, ServiceSettings
from strategic_memory_server.configuration.shadow_environment import ShadowEnvironment
from strategic_memory_server.memory.shard import Shard


def error_for(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_environment()
    return str(refused.value)


GOOD: list[tuple[str, str, str, object]] = [
    ("REDIS_URL", "rediss://user:pass@[::1]:6380/3", "redis.url", "rediss://user:pass@[::1]:6380/3"),
    ("REDIS_URL", "unix:///run/redis.sock?db=2", "redis.url", "unix:///run/redis.sock?db=2"),
    ("MEMORY_SYNC_INTERVAL", "0.5", "sync.interval_s", 0.5),
    ("STRATEGIC_MEMORY_KEY_PREFIX", "{desk}:a:", "redis.key_prefix", "{desk}:a"),
    ("STRATEGIC_MEMORY_KEY_PREFIX", "x" * 128, "redis.key_prefix", "x" * 128),
    ("STRATEGIC_MEMORY_REDIS_CONNECT_TIMEOUT", "1.5", "redis.connect_timeout_s", 1.5),
    ("STRATEGIC_MEMORY_REDIS_COMMAND_TIMEOUT", "1.5", "redis.command_timeout_s", 1.5),
    ("STRATEGIC_MEMORY_VALIDITY", "90", "sync.validity_s", 90.0),
    ("STRATEGIC_MEMORY_REGIME_WINDOW", "1000000", "sync.advice.windows.regime", 1_000_000),
    ("STRATEGIC_MEMORY_PORTFOLIO_WINDOW", "1", "sync.advice.windows.portfolio", 1),
    ("STRATEGIC_MEMORY_TRADE_WINDOW", "7", "sync.advice.windows.trades", 7),
    ("STRATEGIC_MEMORY_MINIMUM_SAMPLES", "1", "sync.advice.minimum_samples", 1),
    ("STRATEGIC_MEMORY_MINIMUM_POLICY_TRADES", "9", "sync.advice.minimum_policy_trades", 9),
    ("STRATEGIC_MEMORY_RETAINED_REVISIONS", "5", "log.retained_revisions", 5),
    ("STRATEGIC_MEMORY_RECENT_REVISIONS", "2", "log.recent_revisions", 2),
    ("STRATEGIC_MEMORY_GRPC_ADDRESS", "[::1]:0", "grpc.address", "[::1]:0"),
    ("STRATEGIC_MEMORY_HTTP_ADDRESS", "localhost:65535", "http.address", "localhost:65535"),
    ("STRATEGIC_MEMORY_HEARTBEAT_INTERVAL", "0.1", "grpc.heartbeat_s", 0.1),
    ("STRATEGIC_MEMORY_MAX_SUBSCRIBERS", "3", "grpc.max_subscribers", 3),
    ("STRATEGIC_MEMORY_HTTP_HOSTS", " a.example, b ,", "http.all_hosts", ("a.example", "b", "127.0.0.1")),
    ("STRATEGIC_MEMORY_PEER_SHARE", "1", "grpc.peer_share", 1.0),
    ("STRATEGIC_MEMORY_MAX_REQUEST_MIB", "96", "grpc.max_request_bytes", 96 << 20),
    ("STRATEGIC_MEMORY_MAX_REQUEST_MIB", "96", "grpc.max_in_hand_bytes", 144 << 20),
    ("STRATEGIC_MEMORY_MAX_IN_HAND_MIB", "16", "grpc.max_in_hand_bytes", 16 << 20),
    ("STRATEGIC_MEMORY_CALLER_RATE", "0", "grpc.caller_rate", 0.0),
    ("STRATEGIC_MEMORY_CALLER_ANALYSES", "1", "grpc.caller_analyses", 1),
    ("STRATEGIC_MEMORY_CALLER_IN_HAND_MIB", "16", "grpc.caller_in_hand_bytes", 16 << 20),
    ("STRATEGIC_MEMORY_MAX_IN_HAND_MIB", "16", "grpc.caller_in_hand_bytes", 16 << 20),
    ("STRATEGIC_MEMORY_HTTP_CALLER_RATE", "7.5", "http.caller_rate", 7.5),
    ("STRATEGIC_MEMORY_MAX_CONNECTIONS", "70", "grpc.max_connections", 70),
    ("STRATEGIC_MEMORY_CONNECTION_CALLS", "1000", "grpc.connection_calls", 1_000),
    ("STRATEGIC_MEMORY_MAX_CONNECTION_AGE", "90", "grpc.max_connection_age_s", 90.0),
    ("STRATEGIC_MEMORY_SHARD", "19/16", "shard", Shard(3, 16)),
    ("STRATEGIC_MEMORY_SYNC_MODE", "periodic", "sync.reactive", False),
    ("STRATEGIC_MEMORY_SYNC_DEBOUNCE", "0.3", "sync.debounce_s", 0.3),
    ("STRATEGIC_MEMORY_SYNC_FLOOR", "0.2", "sync.floor_s", 0.2),
    ("STRATEGIC_MEMORY_ROLE", " Serve", "role", Role.SERVE),
    ("STRATEGIC_MEMORY_WORKERS", "2", "grpc.is_port_shared", True),
    ("STRATEGIC_MEMORY_RULES", "Evidence", "sync.advice.rules", Rules.EVIDENCE),
    ("STRATEGIC_MEMORY_EVIDENCE_DECAY", "0.99", "sync.advice.evidence.decay", 0.99),
    ("STRATEGIC_MEMORY_EVIDENCE_REQUIRED_PROBABILITY", "0.9", "sync.advice.evidence.required_probability", 0.9),
    ("STRATEGIC_MEMORY_EVIDENCE_MINIMUM_TRADES", "30", "sync.advice.evidence.minimum_weight", 30.0),
    ("STRATEGIC_MEMORY_EVIDENCE_RISK_AVERSION", "0.1", "sync.advice.evidence.risk_aversion", 0.1),
    ("STRATEGIC_MEMORY_EVIDENCE_CHANGE", " On", "sync.advice.evidence.change", True),
    ("STRATEGIC_MEMORY_EVIDENCE_GROUP", "desk.fx", "sync.advice.group", "desk.fx"),
    ("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION", "Off", "sync.advice.evidence.explore", False),
    ("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION_WIDTH", "0.5", "sync.advice.evidence.exploration_width", 0.5),
    ("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION_HOLD", "40", "sync.advice.evidence.exploration_hold", 40),
    ("STRATEGIC_MEMORY_HYSTERESIS_RESULTS", "5", "sync.advice.hysteresis.results", 5),
    ("STRATEGIC_MEMORY_HYSTERESIS_SECONDS", "0.5", "sync.advice.hysteresis.seconds", 0.5),
    ("STRATEGIC_MEMORY_LEVERAGE_GUARD", "On", "sync.advice.leverage_guard", True),
    ("STRATEGIC_MEMORY_TRADE_ID_HORIZON", "0", "sync.advice.trade_id_horizon", 0),
    ("STRATEGIC_MEMORY_MAX_REGIMES", "250", "sync.advice.max_regimes", 250),
    ("STRATEGIC_MEMORY_LEASE", "2.5", "sync.lease_s", 2.5),
    ("STRATEGIC_MEMORY_LEAD_ANYWAY", "on", "sync.lead_anyway", True),
    ("STRATEGIC_MEMORY_PUBLIC", "Metrics, reflection", "http.is_metrics_open", True),
    ("STRATEGIC_MEMORY_PUBLIC", "reflection", "grpc.is_reflection_open", True),
    ("STRATEGIC_MEMORY_PUBLIC", "reflection", "http.is_metrics_open", False),
    ("STRATEGIC_MEMORY_PUBLIC", "admin", "grpc.is_admin_open", True),
    ("STRATEGIC_MEMORY_PUBLIC", "reflection", "grpc.is_admin_open", False),
    ("STRATEGIC_MEMORY_INSECURE_LISTEN", "On", "tls", None),
]


def of_shadow(name: str) -> str:
    """What a variable is called for the shadow."""
    return name.replace("STRATEGIC_MEMORY_", "STRATEGIC_MEMORY_SHADOW_", 1)


SHADOWED = {name for name in ShadowEnvironment.model_fields if name != "model_config"}
GOOD += [
    (of_shadow(name), value, path.replace("sync.advice", "shadow"), expected)
    for name, value, path, expected in GOOD
    if of_shadow(name).removeprefix("STRATEGIC_MEMORY_").lower() in SHADOWED
]


@pytest.mark.parametrize(("name", "value", "path", "expected"), GOOD)
def test_each_variable_reaches_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, path: str, expected: object
) -> None:
    monkeypatch.setenv(name, value)
    found: Any = read_environment().service_settings()
    for part in path.split("."):
        found = getattr(found, part)
    assert found == expected


def test_the_evidence_explores_when_it_is_in_charge_and_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATEGIC_MEMORY_RULES", "evidence")
    assert not read_environment().service_settings().sync.advice.evidence.explore
    monkeypatch.setenv("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION", " ON ")
    assert read_environment().service_settings().sync.advice.evidence.explore


def test_without_a_variable_of_its_own_there_is_no_shadow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATEGIC_MEMORY_RULES", "evidence")
    assert read_environment().service_settings().shadow is None
    monkeypatch.setenv("STRATEGIC_MEMORY_SHADOW_HYSTERESIS_RESULTS", "5")
    monkeypatch.setenv("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION", "on")
    settings = read_environment().service_settings()
    assert settings.shadow == replace(
        settings.sync.advice,
        hysteresis=HysteresisSettings(results=5),
        evidence=replace(settings.sync.advice.evidence, explore=False),
    ), "what is left out is as the service does, but that a shadow tries nothing"


def test_logging_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATEGIC_MEMORY_LOG_LEVEL", " warning ")
    monkeypatch.setenv("STRATEGIC_MEMORY_LOG_FORMAT", "console")
    environment = read_environment()
    assert (environment.log_level, environment.log_format) == ("WARNING", "console")


# Each of these needs another one, or a file: test_exposure.py has the good values of the listeners' files.
EXPOSURE = {
    "STRATEGIC_MEMORY_ACCESS_FILE",
    "STRATEGIC_MEMORY_TLS_CERT",
    "STRATEGIC_MEMORY_TLS_CLIENT_CA",
    "STRATEGIC_MEMORY_TLS_KEY",
}

# The same: test_redis_settings_check.py has their good values.
TOGETHER = {
    "STRATEGIC_MEMORY_REDIS_CA",
    "STRATEGIC_MEMORY_REDIS_CERT",
    "STRATEGIC_MEMORY_REDIS_KEY",
    "STRATEGIC_MEMORY_REDIS_PASSWORD_FILE",
    "STRATEGIC_MEMORY_REDIS_SENTINEL_PASSWORD",
    "STRATEGIC_MEMORY_REDIS_SENTINEL_PASSWORD_FILE",
    "STRATEGIC_MEMORY_REDIS_SENTINEL_USERNAME",
}

# The same: test_portfolios.py has their good values.
PORTFOLIOS = {
    "STRATEGIC_MEMORY_PORTFOLIOS",
    "STRATEGIC_MEMORY_PORTFOLIO_FILE",
    "STRATEGIC_MEMORY_PORTFOLIO_METRICS",
    "STRATEGIC_MEMORY_PORTFOLIO_PREFIX",
    "STRATEGIC_MEMORY_PORTFOLIO_SET",
}

NUMBERS = ["abc", "-1", "nan", "inf", "1e400", "1,5"]
WRONG: list[tuple[str, list[str], str]] = [
    ("REDIS_URL", ["localhost:6379", "http://x", "redis://h:port/0", "redis://h:99999"], "give redis://"),
    ("REDIS_URL", ["redis://h/zero", "redis://h/0/1", "redis://h/0#x"], "database number"),
    ("REDIS_URL", ["redis://h/0?decode_responses=true", "redis://h/0?protocol=3", "redis://h?nonsense=1"], "option"),
    ("REDIS_URL", ["redis://h/0?ssl_ca_certs=x"], "need rediss://"),
    ("MEMORY_SYNC_INTERVAL", [*NUMBERS, "0", "86401"], ""),
    ("STRATEGIC_MEMORY_KEY_PREFIX", ["a b", "é", "a\nb", ":", ":::", "x" * 129], "printable ASCII"),
    *((name, ["/not/there"], "REDIS_URL") for name in sorted(TOGETHER - {"STRATEGIC_MEMORY_REDIS_PASSWORD_FILE"})),
    ("STRATEGIC_MEMORY_REDIS_PASSWORD_FILE", ["/not/there"], "cannot be read"),
    ("STRATEGIC_MEMORY_REDIS_CONNECT_TIMEOUT", [*NUMBERS, "0"], ""),
    ("STRATEGIC_MEMORY_REDIS_COMMAND_TIMEOUT", [*NUMBERS, "0"], ""),
    ("STRATEGIC_MEMORY_VALIDITY", [*NUMBERS, "0"], ""),
    ("STRATEGIC_MEMORY_VALIDITY", ["60", "89.9"], "make STRATEGIC_MEMORY_VALIDITY at least 1.5 intervals (90 s)"),
    ("STRATEGIC_MEMORY_REGIME_WINDOW", [*NUMBERS, "0", "1000001", "1.5"], ""),
    ("STRATEGIC_MEMORY_PORTFOLIO_WINDOW", [*NUMBERS, "0", "1000001"], ""),
    ("STRATEGIC_MEMORY_TRADE_WINDOW", [*NUMBERS, "0", "1000001"], ""),
    ("STRATEGIC_MEMORY_MINIMUM_SAMPLES", [*NUMBERS, "0"], ""),
    ("STRATEGIC_MEMORY_MINIMUM_POLICY_TRADES", [*NUMBERS, "0"], ""),
    ("STRATEGIC_MEMORY_RETAINED_REVISIONS", [*NUMBERS, "0"], ""),
    ("STRATEGIC_MEMORY_RECENT_REVISIONS", [*NUMBERS, "0"], ""),
    ("STRATEGIC_MEMORY_GRPC_ADDRESS", ["50051", "h:99999", "h:", ":1", "a b:1", "::1:5", "h:\u0665"], "give host:port"),
    ("STRATEGIC_MEMORY_HTTP_ADDRESS", ["8001", "h:65536", "[::1]", "h:-1"], "give host:port"),
    ("STRATEGIC_MEMORY_HEARTBEAT_INTERVAL", [*NUMBERS, "0.09", "3601"], ""),
    ("STRATEGIC_MEMORY_MAX_SUBSCRIBERS", [*NUMBERS, "0"], ""),
    ("STRATEGIC_MEMORY_MAX_CONNECTION_AGE", [*NUMBERS, "0.5", "inf", "86401"], ""),
    ("STRATEGIC_MEMORY_LOG_LEVEL", ["LOUD", "10"], "'DEBUG'"),
    ("STRATEGIC_MEMORY_LOG_FORMAT", ["xml"], "'json' or 'console'"),
    ("STRATEGIC_MEMORY_SYNC_MODE", ["sometimes"], "'reactive' or 'periodic'"),
    ("STRATEGIC_MEMORY_SYNC_DEBOUNCE", [*NUMBERS, "11"], ""),
    ("STRATEGIC_MEMORY_SYNC_FLOOR", [*NUMBERS, "61"], ""),
    ("STRATEGIC_MEMORY_ROLE", ["leader", "both"], "'sync' or 'serve'"),
    ("STRATEGIC_MEMORY_WORKERS", [*NUMBERS, "0", "129", "1.5"], ""),
    ("STRATEGIC_MEMORY_EVENT_LOOP", ["trio", "uv"], "'auto', 'asyncio' or 'uvloop'"),
    ("STRATEGIC_MEMORY_RULES", ["both"], "'reference' or 'evidence'"),
    ("STRATEGIC_MEMORY_EVIDENCE_DECAY", ["x", "nan", "inf", "0", "1.1"], ""),
    ("STRATEGIC_MEMORY_EVIDENCE_REQUIRED_PROBABILITY", ["x", "nan", "0.4", "1"], ""),
    ("STRATEGIC_MEMORY_EVIDENCE_MINIMUM_TRADES", ["x", "nan", "-1", "inf"], ""),
    ("STRATEGIC_MEMORY_EVIDENCE_RISK_AVERSION", ["x", "nan", "-1", "inf"], ""),
    ("STRATEGIC_MEMORY_EVIDENCE_CHANGE", ["yes", "1"], "'off' or 'on'"),
    ("STRATEGIC_MEMORY_EVIDENCE_GROUP", ["a b", "x" * 65, "fx,metals"], "is no name of a group"),
    ("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION", ["yes", "1"], "'off' or 'on'"),
    ("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION", ["on"], "set STRATEGIC_MEMORY_RULES=evidence"),
    ("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION_WIDTH", [*NUMBERS, "10.1"], ""),
    ("STRATEGIC_MEMORY_EVIDENCE_EXPLORATION_HOLD", [*NUMBERS, "0", "1.5", "1000001"], ""),
    ("STRATEGIC_MEMORY_PEER_SHARE", ["x", "0", "1.01", "nan"], ""),
    ("STRATEGIC_MEMORY_CALLER_RATE", ["x", "-1", "nan", "1000001"], ""),
    ("STRATEGIC_MEMORY_CALLER_ANALYSES", ["x", "0", "1.5", "1001"], ""),
    ("STRATEGIC_MEMORY_CALLER_IN_HAND_MIB", ["x", "0", "15", "1025"], ""),
    ("STRATEGIC_MEMORY_HTTP_CALLER_RATE", ["x", "-1", "nan", "1000001"], ""),
    ("STRATEGIC_MEMORY_MAX_CONNECTIONS", ["x", "0", "1.5"], ""),
    ("STRATEGIC_MEMORY_CONNECTION_CALLS", ["x", "0", "1.5"], ""),
    ("STRATEGIC_MEMORY_HTTP_HOSTS", ["a:8001", "http://a", "a b"], ""),
    ("STRATEGIC_MEMORY_MAX_REQUEST_MIB", ["x", "0", "97", "1.5"], ""),
    ("STRATEGIC_MEMORY_MAX_IN_HAND_MIB", ["x", "0", "15", "1025"], ""),
    ("STRATEGIC_MEMORY_MAX_REGIMES", ["x", "3", "251"], ""),
    ("STRATEGIC_MEMORY_HYSTERESIS_RESULTS", ["x", "-1", "1.5", "1000001"], ""),
    ("STRATEGIC_MEMORY_HYSTERESIS_SECONDS", ["x", "nan", "-1", "604801"], ""),
    ("STRATEGIC_MEMORY_LEVERAGE_GUARD", ["x", "1", "true"], ""),
    ("STRATEGIC_MEMORY_TRADE_ID_HORIZON", ["x", "-1", "1.5", "1000001"], ""),
    ("STRATEGIC_MEMORY_LEASE", [*NUMBERS, "0.4", "3601"], ""),
    ("STRATEGIC_MEMORY_LEAD_ANYWAY", ["x", "1", "yes"], ""),
    ("STRATEGIC_MEMORY_TLS_CERT", ["/not/there"], "TLS needs STRATEGIC_MEMORY_TLS_KEY too"),
    ("STRATEGIC_MEMORY_TLS_KEY", ["/not/there"], "TLS needs STRATEGIC_MEMORY_TLS_CERT too"),
    ("STRATEGIC_MEMORY_TLS_CLIENT_CA", ["/not/there"], "needs STRATEGIC_MEMORY_TLS_CERT and STRATEGIC_MEMORY_TLS_KEY"),
    ("STRATEGIC_MEMORY_PUBLIC", ["health", "metrics reflection"], "there are metrics, reflection and admin"),
    ("STRATEGIC_MEMORY_INSECURE_LISTEN", ["yes", "1"], "'off' or 'on'"),
    ("STRATEGIC_MEMORY_ACCESS_FILE", ["/not/there"], "cannot be read"),
    ("STRATEGIC_MEMORY_PORTFOLIOS", ["a b", "a:b", "x" * 65, "a,a"], "a"),
    ("STRATEGIC_MEMORY_PORTFOLIO_FILE", ["/not/there"], "/not/there is not there"),
    ("STRATEGIC_MEMORY_PORTFOLIO_SET", ["a b", "\t"], "printable ASCII"),
    ("STRATEGIC_MEMORY_PORTFOLIO_PREFIX", ["quantum", "a b:{portfolio}"], "give "),
    ("STRATEGIC_MEMORY_SHARD", ["3", "3/0", "a/16", "3/1025"], "for example 3/16"),
    ("STRATEGIC_MEMORY_PORTFOLIO_METRICS", [*NUMBERS, "10001"], ""),
    ("STRATEGIC_MEMORY_GRPC_ADDRESS", ["0.0.0.0:1", "[::]:1", "example.org:1"], "--insecure-listen"),
    ("STRATEGIC_MEMORY_HTTP_ADDRESS", ["0.0.0.0:1", "10.0.0.1:1"], "--insecure-listen"),
]


WRONG += [
    (of_shadow(name), values, fix)
    for name, values, fix in WRONG
    if of_shadow(name).removeprefix("STRATEGIC_MEMORY_").lower() in SHADOWED
]


@pytest.mark.parametrize(
    ("name", "value", "fix"), [(name, value, fix) for name, values, fix in WRONG for value in values]
)
def test_a_wrong_value_is_one_line_that_names_the_variable_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fix: str
) -> None:
    message = error_for(monkeypatch, **{name: value})
    assert len(message.splitlines()) == 1
    assert message.startswith(name)
    assert fix in message
    assert len(message) > len(name) + 15
    assert "value_error" not in message
    assert "pydantic" not in message
    assert "Input should be" not in message or message.endswith(f"; it is {value!r}")


@each_case("name", [name for name, *_, expected in GOOD if type(expected) in (int, float)])
def test_no_number_has_underscores(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with monkeypatch.context() as alone:
        assert error_for(alone, **{name: "1_0"}) == f"{name}: give the number in digits, without underscores"


def test_every_setting_has_a_wrong_and_a_good_value_here() -> None:
    prefixed = {
        field.validation_alias if isinstance(field.validation_alias, str) else f"STRATEGIC_MEMORY_{name.upper()}"
        for name, field in Environment.model_fields.items()
    }
    assert {name for name, _, _ in WRONG} == prefixed
    assert {name for name, *_ in GOOD} | {
        "STRATEGIC_MEMORY_LOG_LEVEL",
        "STRATEGIC_MEMORY_LOG_FORMAT",
        "STRATEGIC_MEMORY_EVENT_LOOP",
    } | TOGETHER | EXPOSURE | PORTFOLIOS == prefixed


@pytest.mark.parametrize("value", ["auto", "asyncio", " UVLOOP"])
def test_an_event_loop_is_one_of_these(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("STRATEGIC_MEMORY_EVENT_LOOP", value)
    assert read_environment().event_loop == value.strip().lower()


def test_an_event_loop_that_is_not_installed_is_refused_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_values, "has_uvloop", lambda: False)
    message = error_for(monkeypatch, STRATEGIC_MEMORY_EVENT_LOOP="uvloop")
    assert message.startswith("STRATEGIC_MEMORY_EVENT_LOOP: uvloop is not installed")
    assert "pip install 'strategic-memory[uvloop]'" in message
    monkeypatch.setenv("STRATEGIC_MEMORY_EVENT_LOOP", "auto")
    assert read_environment().event_loop == "auto"


@pytest.mark.parametrize("name", sorted({name for name, _, _ in WRONG}))
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert read_environment().service_settings() == ServiceSettings()


def test_every_variable_has_a_row_in_the_documentation() -> None:
    documented = Path(__file__).parents[3] / "docs" / "configuration.md"
    rows = [line for line in documented.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    first_cells = " ".join(row.split("|")[1] for row in rows)
    assert [name for name in map(_variable, Environment.model_fields) if f"`{name}`" not in first_cells] == []
