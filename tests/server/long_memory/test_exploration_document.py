"""What is being tried as a document: read as it was written, of every version, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from each_case import each_case
from structlog.testing import capture_logs

from strategic_memory_server.evidence.exploration import NOTHING_TRIED, Exploration, Trial
from strategic_memory_server.long_memory.exploration_document import exploration_text, read_exploration
from strategic_memory_server.memory.policy import Policy

TRIED = Exploration({"BULL": Trial(Policy.AGGRESSIVE, 3), "BEAR ÉTÉ": Trial(Policy.CONSERVATIVE, 0)})
BULL = {"policy": "BALANCED", "since": 1}


@pytest.mark.parametrize("state", [TRIED, NOTHING_TRIED])
def test_it_comes_back_as_it_was_written(state: Exploration) -> None:
    assert read_exploration(exploration_text(state)) == state


def test_it_says_its_version() -> None:
    assert json.loads(exploration_text(Exploration({"BULL": Trial(Policy.BALANCED, 1)}))) == {
        "version": 1,
        "trials": {"BULL": BULL},
    }
    assert exploration_text(NOTHING_TRIED) == b""


def test_trials_alone_are_from_before_there_were_versions() -> None:
    assert read_exploration(json.dumps({"BULL": BULL}).encode()) == Exploration({"BULL": Trial(Policy.BALANCED, 1)})


def test_a_later_version_is_kept_byte_for_byte_and_tries_nothing() -> None:
    text = b'{"trials": {"BULL": {"policy": "BALANCED", "since": 1}},  "version": 2}'
    with capture_logs() as logged:
        found = read_exploration(text)
    assert [line["version"] for line in logged if line["log_level"] == "warning"] == [2]
    assert found.trials == {}
    assert exploration_text(found) == exploration_text(found.ended()) == text


@each_case(
    ("place", "plain"),
    [
        ("Input should be", None),
        ("Input should be", [BULL]),
        ("BULL", {"BULL": None}),
        ("BULL.policy", {"BULL": {**BULL, "policy": "BOLD"}}),
        ("trials.BULL.policy", {"version": 1, "trials": {"BULL": {**BULL, "policy": 2}}}),
        ("trials.BULL.since", {"version": 1, "trials": {"BULL": {"policy": "BALANCED"}}}),
        ("trials.BULL.since", {"version": 1, "trials": {"BULL": {**BULL, "since": True}}}),
        ("trials.BULL.since", {"version": 1, "trials": {"BULL": {**BULL, "since": -1}}}),
        ("trials.BULL.since", {"version": 1, "trials": {"BULL": {**BULL, "since": 1.5}}}),
        ("trials", {"version": 1}),
        ("version", {"version": 0, "trials": {"BULL": BULL}}),
        ("version", {"version": True, "trials": {"BULL": BULL}}),
    ],
)
def test_anything_else_starts_afresh_and_its_place_is_logged(place: str, plain: object) -> None:
    with capture_logs() as logged:
        assert read_exploration(json.dumps(plain).encode()) == NOTHING_TRIED
    [line] = [line for line in logged if line["log_level"] == "warning"]
    assert line["error"].startswith(place)
