"""What is served is within the bounds of the contract, whoever wrote it: the log, its state and each pulse."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from advice import NOW_MS, advice, feedback, with_evidence

from strategic_memory_server.advice.feedback import Feedback, RegimeAdvice, Times
from strategic_memory_server.advice.followed import Followed, FollowedLevel
from strategic_memory_server.advice.hysteresis import LeverageWait, Wait
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.contract_bounds import LONGEST_VALIDITY_MS, outside_contract
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError, encode_feedback
from strategic_memory_server.revisions.log_entries import decode_entries, decode_entry
from strategic_memory_server.revisions.log_state import LogState

WAIT = Wait(NOW_MS, None)
FOLLOWED = Followed(
    FollowedLevel(Policy.BALANCED, 1.0),
    FollowedLevel(Policy.BALANCED, 1.0, leverage_waits=LeverageWait(1.5, WAIT)),
)
OURS = replace(feedback(7), advice=replace(with_evidence(advice("BULL")), followed=FOLLOWED))

FORGED: dict[str, tuple[str, object]] = {
    "too much leverage": ("leverage_hint", 50.0),
    "leverage below 0": ("leverage_hint", -0.5),
    "more than sure": ("confidence_boost", 1.5),
    "another unit": ("confidence_boost", 80),
    "no policy": ("updated_policy", "RECKLESS"),
    "a text for a number": ("leverage_hint", "1.0"),
    "a current leverage": ("current.leverage_hint", 2.5),
    "a current confidence": ("current.confidence_boost", -1.0),
    "leverage of the evidence": ("evidence.leverage_hint", 3.0),
    "a probability": ("evidence.policies.0.probability_best", 7.0),
    "a long name": ("preferred_regime", "B" * 1_000),
    "leverage that is followed": ("followed.preferred.leverage", 3.0),
    "leverage that waits": ("followed.current.leverage_waits.asked", 2.5),
    "a policy that waits": ("followed.preferred.policy_waits", {"asked": "RECKLESS", "wait": None}),
    "a count below 0": ("regime_performance.sample_count", -1),
    "another revision": ("revision", 8),
    "another epoch": ("epoch", "e2"),
    "no epoch": ("epoch", "e 1"),
    "not what was published": ("status", "STALE"),
    "a validity for ever": ("valid_until", "9999-01-01T00:00:00.000Z"),
    "no end": ("valid_until", None),
    "a validity since nobody knows when": ("timestamp", None),
}


def document_of(said: Feedback, field: str = "", value: object = None) -> bytes:
    """The document of a feedback, with one value of it replaced."""
    document: dict[str, Any] = json.loads(encode_feedback(said))
    if field:
        *path, last = field.split(".")
        place: Any = document
        for step in path:
            place = place[int(step) if step.isdecimal() else step]
        place[last] = value
    return json.dumps(document).encode()


def entry_with(document: bytes) -> dict[bytes, bytes]:
    return {b"revision": b"7", b"epoch": b"e1", b"feedback": document}


@pytest.mark.parametrize(("field", "value"), FORGED.values(), ids=FORGED)
def test_an_entry_outside_them_is_refused(field: str, value: object) -> None:
    refused: list[tuple[str, str]] = []
    forged = entry_with(document_of(OURS, field, value))
    ours = entry_with(document_of(OURS))
    entries = [(b"7-0", forged), (b"7-0", ours), (b"7-1", ours), (b"999-0", ours)]
    assert decode_entries(entries, refuse=lambda entry_id, why: refused.append((entry_id, why))) == [OURS]
    assert [entry_id for entry_id, _ in refused] == ["7-0"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_figure_is_anything_but_a_number(value: float) -> None:
    """JSON as some write it has them."""
    with pytest.raises(MalformedFeedbackError):
        decode_entry(b"7-0", entry_with(document_of(OURS, "evidence.policies.1.mean_pnl", value)))
    assert outside_contract(replace(OURS, advice=advice(leverage_hint=value))) is not None


def test_no_leverage_is_above_the_caps_that_it_names() -> None:
    capped = replace(advice(leverage_hint=0.3), leverage_caps=(LeverageCap("risk:leverage_limits", 0.3),))
    assert outside_contract(replace(OURS, advice=capped)) is None
    assert "from 0 to 0.3" in str(outside_contract(replace(OURS, advice=replace(capped, leverage_hint=0.31))))
    current = RegimeAdvice("BULL", Policy.BALANCED, 0.5, 0.5)
    assert "current.leverage_hint" in str(outside_contract(replace(OURS, advice=replace(capped, current=current))))


def test_the_limits_themselves_are_within() -> None:
    for leverage_hint in (0.0, 0.1, 2.0):
        assert outside_contract(replace(OURS, advice=advice(leverage_hint=leverage_hint))) is None
    times = Times(NOW_MS, NOW_MS, NOW_MS + LONGEST_VALIDITY_MS)
    assert outside_contract(replace(OURS, times=times)) is None


STATE = ["e1", "7", "1", "1", str(NOW_MS), str(NOW_MS), str(NOW_MS + 180_000), "", "[]", "0"]


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, "e 1"), (0, ""), (0, "e" * 65), (1, "-1"), (4, ""), (6, str(NOW_MS + 10 * LONGEST_VALIDITY_MS))],
)
def test_a_state_or_a_pulse_outside_them_is_refused(place: int, value: str) -> None:
    fields = [each.encode() for each in STATE]
    assert LogState.from_replies(fields).revision == 7
    fields[place] = value.encode()
    with pytest.raises(MalformedFeedbackError):
        LogState.from_replies(fields)
