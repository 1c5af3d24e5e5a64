"""Settings that are each permitted and cannot work together are refused at the start, with both named."""

from __future__ import annotations

import pytest
from each_case import each_case

from strategic_memory_server.configuration.environment import SettingsError, read_environment

LEASE = {"lease": 3.0, "validity": 3.0, "interval": 2.0}

CASES = [
    (LEASE, "MEMORY_LEASE", "MEMORY_VALIDITY", {"lease": 2.9}),
    ({"lease": 200.0}, "MEMORY_LEASE", "MEMORY_SYNC_INTERVAL", {"interval": 70.0}),
    ({"validity": 14.9, "interval": 10.0}, "MEMORY_VALIDITY", "MEMORY_SYNC_INTERVAL", {"validity": 15.0}),
    (
        {"sync_debounce": 2.0, "interval": 1.9},
        "MEMORY_SYNC_DEBOUNCE",
        "MEMORY_SYNC_INTERVAL",
        {"interval": 2.0},
    ),
    ({"sync_floor": 60.0, "interval": 59.0}, "MEMORY_SYNC_FLOOR", "MEMORY_SYNC_INTERVAL", {"interval": 60.0}),
    (
        {"minimum_samples": 131},
        "MEMORY_MINIMUM_SAMPLES",
        "MEMORY_TRADE_WINDOW",
        {"trade_window": 31},
    ),
    (
        {
            "minimum_samples": 4,
            "regime_window": 1,
            "portfolio_window": 1,
            "trade_window": 1,
            "minimum_policy_trades": 1,
        },
        "MEMORY_MINIMUM_SAMPLES",
        "MEMORY_REGIME_WINDOW",
        {"minimum_samples": 3},
    ),
    (
        {"minimum_policy_trades": 31},
        "MEMORY_MINIMUM_POLICY_TRADES",
        "MEMORY_TRADE_WINDOW",
        {"minimum_policy_trades": 30},
    ),
    (
        {"hysteresis_results": 31},
        "MEMORY_HYSTERESIS_RESULTS",
        "MEMORY_TRADE_WINDOW",
        {"hysteresis_results": 30},
    ),
    (
        {"shadow_hysteresis_results": 31},
        "MEMORY_SHADOW_HYSTERESIS_RESULTS",
        "MEMORY_TRADE_WINDOW",
        {"trade_window": 31},
    ),
    (
        {"shadow_rules": "evidence", "shadow_evidence_minimum_trades": 20.0, "evidence_decay": 0.95},
        "MEMORY_SHADOW_EVIDENCE_MINIMUM_TRADES",
        "MEMORY_EVIDENCE_DECAY",
        {"shadow_evidence_minimum_trades": 19.9},
    ),
    (
        {"evidence_group": "fx", "evidence_change": "on"},
        "MEMORY_EVIDENCE_GROUP",
        "MEMORY_EVIDENCE_CHANGE",
        {"evidence_change": "off"},
    ),
    (
        {"evidence_exploration": "on"},
        "MEMORY_EVIDENCE_EXPLORATION",
        "MEMORY_RULES",
        {"rules": "evidence"},
    ),
    (
        {"rules": "evidence", "evidence_decay": 0.95},
        "MEMORY_EVIDENCE_MINIMUM_TRADES",
        "MEMORY_EVIDENCE_DECAY",
        {"evidence_minimum_trades": 19.9},
    ),
    (
        {"rules": "evidence", "evidence_decay": 0.95},
        "MEMORY_EVIDENCE_MINIMUM_TRADES",
        "MEMORY_EVIDENCE_DECAY",
        {"evidence_change": "on"},
    ),
    (
        {"recent_revisions": 101, "retained_revisions": 100},
        "MEMORY_RECENT_REVISIONS",
        "MEMORY_RETAINED_REVISIONS",
        {"recent_revisions": 100},
    ),
    (
        {"max_in_hand_mib": 15},
        "MEMORY_MAX_IN_HAND_MIB",
        "MEMORY_MAX_REQUEST_MIB",
        {"max_request_mib": 15},
    ),
    (
        {"grpc_address": "127.0.0.1:8001"},
        "MEMORY_GRPC_ADDRESS",
        "MEMORY_HTTP_ADDRESS",
        {"http_address": "127.0.0.1:8002"},
    ),
    (
        {"grpc_address": "127.0.0.1:8001", "http_address": "LocalHost:8001"},
        "MEMORY_GRPC_ADDRESS is 127.0.0.1:8001",
        "MEMORY_HTTP_ADDRESS is LocalHost:8001",
        {"http_address": "[::1]:8001"},
    ),
    (
        {"grpc_address": "0.0.0.0:8001", "insecure_listen": "on"},
        "MEMORY_GRPC_ADDRESS is 0.0.0.0:8001",
        "MEMORY_HTTP_ADDRESS",
        {"grpc_address": "0.0.0.0:8002"},
    ),
    (
        {"http_address": "[::]:50051", "insecure_listen": "on"},
        "MEMORY_GRPC_ADDRESS",
        "MEMORY_HTTP_ADDRESS is [::]:50051",
        {"http_address": "[::]:0"},
    ),
]


@each_case(("given", "one", "other", "mended"), CASES)
def test_both_are_named_and_the_bound_is_exact(
    given: dict[str, object], one: str, other: str, mended: dict[str, object]
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_environment(given)
    (sentence,) = str(refused.value).splitlines()
    assert one in sentence
    assert other in sentence
    read_environment({**given, **mended}).service_settings()


def test_all_of_them_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        read_environment({"sync_floor": 50.0, "interval": 1.0, "minimum_samples": 500, "lease": 3.0})
    assert len(str(refused.value).splitlines()) == 3


def test_fewer_retained_revisions_need_no_second_setting() -> None:
    assert read_environment({"retained_revisions": 10}).service_settings().log.recent_revisions == 10


def test_a_short_window_needs_no_second_setting() -> None:
    read_environment({"trade_window": 2}).service_settings()


def test_ports_that_are_taken_by_the_system_do_not_collide() -> None:
    read_environment({"grpc_address": "127.0.0.1:0", "http_address": "127.0.0.1:0"}).service_settings()
