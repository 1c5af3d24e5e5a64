"""RejectionLedger: each rejected input counts once, however often it is met."""

from __future__ import annotations

import pytest

from strategic_memory_server.entries import rejections
from strategic_memory_server.entries.rejections import RejectedInput, RejectionLedger, count_by_reason

REGIMES, TRADES = "stream:meta.regime", "stream:trade.results"


def entry(entry_id: str, source: str = REGIMES, reason: str = "pnl_missing") -> RejectedInput:
    return RejectedInput(source, reason, "", entry_id)


def value(content: object, source: str = "governance:policy", reason: str = "policy_unrecognised") -> RejectedInput:
    return RejectedInput(source, reason, "", content_hash=hash(content))


@pytest.fixture
def ledger() -> RejectionLedger:
    return RejectionLedger()


def test_an_entry_that_is_met_again_counts_once(ledger: RejectionLedger) -> None:
    met = [entry("2-0"), entry("1-0")]
    assert ledger.record(met) == met
    assert ledger.record(met) == []
    assert ledger.record([entry("3-0"), *met]) == [entry("3-0")]
    assert ledger.totals == {(REGIMES, "pnl_missing"): 3}


def test_an_entry_that_is_met_late_counts_too(ledger: RejectionLedger) -> None:
    """A look further back finds entries that are older than those counted so far."""
    ledger.record([entry("9-0")])
    assert ledger.record([entry("9-0"), entry("5-0"), entry("7-0")]) == [entry("5-0"), entry("7-0")]
    assert ledger.totals[REGIMES, "pnl_missing"] == 3


def test_entries_of_one_millisecond_and_with_large_sequences_are_told_apart(ledger: RejectionLedger) -> None:
    ids = [f"5-{sequence}" for sequence in (0, 1, 32_767, 32_768, 40_000, 18_446_744_073_709_551_615)]
    for entry_id in ids:
        ledger.record([entry(entry_id)])
    assert ledger.totals[REGIMES, "pnl_missing"] == len(ids)


def test_the_same_id_in_another_stream_is_another_entry(ledger: RejectionLedger) -> None:
    ledger.record([entry("1-0"), entry("1-0", TRADES), entry("2-0", TRADES, "realized_pnl_missing")])
    assert ledger.totals == {
        (REGIMES, "pnl_missing"): 1,
        (TRADES, "pnl_missing"): 1,
        (TRADES, "realized_pnl_missing"): 1,
    }


def test_a_value_counts_once_for_as_long_as_it_stays(ledger: RejectionLedger) -> None:
    for _ in range(3):
        ledger.record([value("YOLO")])
    assert ledger.totals["governance:policy", "policy_unrecognised"] == 1
    ledger.record([value("HODL")])
    assert ledger.totals["governance:policy", "policy_unrecognised"] == 2
    ledger.record([])
    ledger.record([value("HODL")])
    assert ledger.totals["governance:policy", "policy_unrecognised"] == 3, "it was mended in between"


def test_nothing_rejected_is_nothing_counted(ledger: RejectionLedger) -> None:
    assert ledger.record([]) == []
    assert ledger.totals == {}


def test_it_remembers_a_bounded_number_of_entries(ledger: RejectionLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejections, "REMEMBERED_ENTRIES", 10)
    for number in range(1_000):
        ledger.record([entry(f"{number}-0"), entry(f"{number - 1}-0"), entry(f"{number - 5}-0")])
    assert ledger.totals[REGIMES, "pnl_missing"] == 1_005
    assert sum(len(known) for known in ledger._entries.values()) <= 10


def test_what_one_load_met_is_remembered_whole(ledger: RejectionLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejections, "REMEMBERED_ENTRIES", 10)
    met = [entry(f"{number}-0") for number in range(50, 0, -1)]
    assert len(ledger.record(met)) == 50
    assert ledger.record(met) == []
    ledger.record([entry("51-0")])
    assert ledger.record(met[1:]) == [], "all but the first can be met again when the windows are read anew"


def test_counts_by_reason_of_one_source() -> None:
    met = [entry("1-0"), entry("2-0"), entry("3-0", reason="pnl_not_finite"), entry("1-0", TRADES)]
    assert count_by_reason(met, REGIMES) == {"pnl_missing": 2, "pnl_not_finite": 1}
    assert count_by_reason(met, "exposure:summary") == {}
