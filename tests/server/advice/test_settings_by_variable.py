"""Which settings decide what is advised, and how two servers' are compared."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.advice.settings_by_variable import (
    CAME_LATER,
    as_text,
    differences,
    settings_by_variable,
)
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.window_settings import WindowSettings

DEFAULTS = settings_by_variable(AdviceSettings())


def test_every_setting_is_compared() -> None:
    # Windows, evidence and hysteresis have settings of their own.
    parts = WindowSettings, EvidenceSettings, HysteresisSettings
    compared = len(fields(AdviceSettings)) - len(parts) + sum(len(fields(part)) for part in parts)
    # Beside the version of the rules; two are for exploring alone.
    assert len(DEFAULTS) == compared + 1 - 2
    assert len(settings_by_variable(AdviceSettings(evidence=EvidenceSettings(explore=True)))) == compared + 1


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (AdviceSettings(group="fx"), "STRATEGIC_MEMORY_EVIDENCE_GROUP is fx there and empty here"),
        (AdviceSettings(rules=Rules.EVIDENCE), "STRATEGIC_MEMORY_RULES is EVIDENCE there and REFERENCE here"),
        (AdviceSettings(windows=WindowSettings(trades=31)), "STRATEGIC_MEMORY_TRADE_WINDOW is 31 there and 30 here"),
        (
            AdviceSettings(evidence=EvidenceSettings(minimum_weight=5.0)),
            "STRATEGIC_MEMORY_EVIDENCE_MINIMUM_TRADES is 5.0 there and 20.0 here",
        ),
        (
            AdviceSettings(hysteresis=HysteresisSettings(results=5)),
            "STRATEGIC_MEMORY_HYSTERESIS_RESULTS is 5 there and 0 here",
        ),
        (
            AdviceSettings(hysteresis=HysteresisSettings(seconds=60.0)),
            "STRATEGIC_MEMORY_HYSTERESIS_SECONDS is 60.0 there and 0.0 here",
        ),
        (
            AdviceSettings(evidence=EvidenceSettings(explore=True)),
            "STRATEGIC_MEMORY_EVIDENCE_EXPLORATION is on there and off here",
        ),
    ],
)
def test_a_difference_is_named_as_an_operator_sets_it(other: AdviceSettings, difference: str) -> None:
    assert differences(as_text(settings_by_variable(other)), DEFAULTS) == [difference]


def test_an_older_server_neither_looks_for_change_nor_guards_leverage() -> None:
    older = {name: value for name, value in DEFAULTS.items() if name not in CAME_LATER}
    assert len(older) == len(DEFAULTS) - len(CAME_LATER)
    ours = settings_by_variable(AdviceSettings(evidence=EvidenceSettings(change=True), leverage_guard=True))
    assert differences(as_text(older), ours) == [
        "STRATEGIC_MEMORY_EVIDENCE_CHANGE is off there and on here",
        "STRATEGIC_MEMORY_LEVERAGE_GUARD is off there and on here",
    ]
    assert differences(as_text(older), DEFAULTS) == []


def test_a_server_of_before_hysteresis_lets_no_risk_wait() -> None:
    older = {name: value for name, value in DEFAULTS.items() if "_HYSTERESIS_" not in name and name not in CAME_LATER}
    ours = settings_by_variable(AdviceSettings(hysteresis=HysteresisSettings(results=5, seconds=60.0)))
    assert differences(as_text(older), ours) == [
        "STRATEGIC_MEMORY_HYSTERESIS_RESULTS is 0 there and 5 here",
        "STRATEGIC_MEMORY_HYSTERESIS_SECONDS is 0.0 there and 60.0 here",
    ]
    assert differences(as_text(older), DEFAULTS) == []


@pytest.mark.parametrize(
    "theirs", ["", "{", "[]", "[" * 100_000, json.dumps({"STRATEGIC_MEMORY_OF_A_LATER_VERSION": 1})]
)
def test_what_the_other_server_does_not_know_is_no_difference(theirs: str) -> None:
    assert differences(theirs, DEFAULTS) == []
