"""Histories that are as promised pass every check, and they hold what the checks are about."""

from __future__ import annotations

from collections import Counter

import pytest
from history.checker import check
from history.made_up_history import made_up_history
from history.model import FeedbackMessage, History, Status

SEEDS = range(60)


@pytest.mark.parametrize("settled", [True, False])
def test_a_history_that_is_as_promised_has_no_violation(settled: bool) -> None:
    for seed in SEEDS:
        assert [str(each) for each in check(made_up_history(seed, settled=settled))] == [], f"seed {seed}"


def test_an_empty_history_has_no_violation() -> None:
    assert check(History()) == []


def test_the_same_seed_gives_the_same_history() -> None:
    assert made_up_history(7) == made_up_history(7)
    assert made_up_history(7) != made_up_history(8)


def test_the_histories_hold_every_kind_of_event() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        history = made_up_history(seed)
        seen["epochs"] += len(history.epochs) - 1
        for subscriber in history.subscribers:
            for stream in subscriber.streams:
                seen["resumed"] += stream.opening.resume_after is not None
                refusal = stream.end.refusal if stream.end else None
                seen[refusal.reason if refusal else "not refused"] += 1
                for message in stream.messages:
                    if isinstance(message, FeedbackMessage):
                        seen[message.feedback.status.name] += 1
                        seen["skipped"] += message.skipped
                    else:
                        seen["heartbeats"] += 1
    kinds = ["epochs", "resumed", "REVISION_COMPACTED", "EPOCH_CHANGED", "skipped", "heartbeats"]
    assert all(
        seen[kind] > 10 for kind in [*kinds, *(status.name for status in Status if status.name != "UNSPECIFIED")]
    )
