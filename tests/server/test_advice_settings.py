"""Which settings decide what is advised, and how two servers' are compared."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from strategic_memory_server.advice_settings import NOT_OF_ADVICE, advice_settings, as_text, differences
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.feedback import Rules
from strategic_memory_server.settings import SyncSettings, WindowSettings

DEFAULTS = advice_settings(SyncSettings())


def test_every_setting_is_compared_unless_it_is_known_to_change_no_advice() -> None:
    """A setting that comes later is compared until somebody says that it need not be."""
    assert {each.name for each in fields(SyncSettings)} >= NOT_OF_ADVICE
    compared = (
        len(fields(SyncSettings)) - len(NOT_OF_ADVICE) + len(fields(WindowSettings)) + len(fields(EvidenceSettings))
    )
    # Beside the version of the rules; two are for exploring alone.
    assert len(DEFAULTS) == compared + 1 - 2
    assert len(advice_settings(SyncSettings(evidence=EvidenceSettings(explore=True)))) == compared + 1


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (SyncSettings(rules=Rules.EVIDENCE), "STRATEGIC_MEMORY_RULES is EVIDENCE there and REFERENCE here"),
        (SyncSettings(windows=WindowSettings(trades=31)), "STRATEGIC_MEMORY_TRADE_WINDOW is 31 there and 30 here"),
        (
            SyncSettings(evidence=EvidenceSettings(minimum_weight=5.0)),
            "STRATEGIC_MEMORY_EVIDENCE_MINIMUM_TRADES is 5.0 there and 20.0 here",
        ),
        (
            SyncSettings(evidence=EvidenceSettings(explore=True)),
            "STRATEGIC_MEMORY_EVIDENCE_EXPLORATION is on there and off here",
        ),
    ],
)
def test_a_difference_is_named_as_an_operator_sets_it(other: SyncSettings, difference: str) -> None:
    assert differences(as_text(advice_settings(other)), DEFAULTS) == [difference]


def test_what_changes_no_advice_is_no_difference() -> None:
    other = replace(SyncSettings(), interval_s=1.0, validity_s=3.0, lease_s=1.0, reactive=False, lead_anyway=True)
    assert as_text(advice_settings(other)) == as_text(DEFAULTS)


@pytest.mark.parametrize("theirs", ["", "{", "[]", json.dumps({"STRATEGIC_MEMORY_OF_A_LATER_VERSION": 1})])
def test_what_the_other_server_does_not_know_is_no_difference(theirs: str) -> None:
    assert differences(theirs, DEFAULTS) == []
