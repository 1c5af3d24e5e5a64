"""What one call tells of the clock of this machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strategic_memory_client.cli.clock_skew import clock_skew

SENT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead_s", "there_s", "back_s", "said"),
    [
        (0.0, 0.01, 0.01, None),
        (1.9, 0.01, 0.01, None),
        (2.1, 0.01, 0.01, "2.1 s ahead of"),
        (-3600.0, 0.01, 0.01, "3600.0 s behind"),
        (1.9, 0.0, 8.0, None),
        (3600.0, 0.0, 8.0, "3604.0 s ahead of"),
    ],
)
def test_it_is_told_where_it_is_sure(ahead_s: float, there_s: float, back_s: float, said: str | None) -> None:
    asked, answered = (SENT + timedelta(seconds=ahead_s + by_s) for by_s in (-there_s, back_s))
    skew = clock_skew(SENT, asked, answered)
    assert skew is not None
    assert abs(skew.skew_s - ahead_s) <= skew.uncertainty_s + 1e-6
    assert (skew.sentence is None) if said is None else (said in (skew.sentence or ""))


def test_an_answer_that_does_not_tell_when_it_was_sent_tells_nothing() -> None:
    assert clock_skew(None, SENT, SENT) is None
