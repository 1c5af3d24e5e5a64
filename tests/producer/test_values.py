"""What a trace may hold: each value is written as the service reads it, or refused by the name of its argument."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from strategic_memory_producer import (
    EntryRefusedError,
    UnwrittenError,
    WriterSettings,
    portfolio_entry,
    regime_observation,
    trade_result,
)
from strategic_memory_producer.entry import WRITTEN_FOR_NONE
from strategic_memory_server.entries import entry_fields
from strategic_memory_server.entries.entries import read_portfolio_entry, read_regime_observation, read_trade_result


def as_read(fields: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in fields.items()}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0.1, 0.1),
        (-3, -3.0),
        (Decimal("0.30"), 0.3),
        (Decimal("1E+3"), 1_000.0),
        (Fraction(1, 4), 0.25),
        (np.float64(0.3), 0.3),
        (np.float32(0.5), 0.5),
        (np.int64(-7), -7.0),
        (np.array([0.25]), 0.25),
        (1e-300, 1e-300),
        (-0.0, 0.0),
    ],
)
def test_a_number_of_any_kind_is_read_as_what_it_is(value: object, read: float) -> None:
    entry = trade_result(value, {"regime": "BULL"})  # type: ignore[arg-type]
    assert read_trade_result(as_read(dict(entry.fields))).pnl == read


@pytest.mark.parametrize(
    "value",
    [
        *(float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), np.float64("nan"), np.nan, 1e16, 10**400),
        *(True, np.bool_(True), "0.3", None, [0.3], np.array([0.1, 0.2]), 1j, np.complex128(1), object()),
    ],
)
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(EntryRefusedError, match=r"^realized_pnl: ") as refused:
        trade_result(value, {})  # type: ignore[arg-type]
    assert refused.value.field == "realized_pnl"
    assert isinstance(refused.value, ValueError)


def test_every_field_of_a_trace_arrives_in_the_service() -> None:
    observation = regime_observation(" bull ", {"pnl": 0.2, "confidence": 0.7, "volatility": 0.01, "trend": -0.1})
    seen = read_regime_observation(as_read(dict(observation.fields)))
    assert (seen.regime, seen.pnl, seen.confidence, seen.volatility, seen.trend) == ("BULL", 0.2, 0.7, 0.01, -0.1)

    fields = {"regime": "bear", "policy": "aggressive", "strategy": "s", "symbol": "X", "trade_id": "17"}
    trade = read_trade_result(as_read(dict(trade_result(-1.5, fields).fields)))
    assert (trade.regime, trade.pnl, trade.policy, trade.strategy, trade.trade_id) == ("BEAR", -1.5, 2, "s", "17")

    numbers = {"total_pnl": 5, "leverage": 2, "confidence": 0.5, "volatility": 0.1, "position_size": 3}
    texts = {"regime": "Range", "symbol": "X", "side": "long", "exit_reason": "stop"}
    portfolio = portfolio_entry(0.4, {**numbers, **texts})
    kept = read_portfolio_entry(as_read(dict(portfolio.fields)))
    assert (kept.regime, kept.pnl) == ("RANGE", 0.4)
    assert set(portfolio.fields) == {"pnl", *numbers, *texts}


def test_what_is_not_known_is_left_out() -> None:
    class NAType:
        def __repr__(self) -> str:
            return "<NA>"

    given = {"regime": None, "policy": float("nan"), "symbol": NAType(), "trade_id": "1", "opened_at": None}
    assert dict(trade_result(1, given).fields) == {"realized_pnl": "1", "trade_id": "1"}
    of_numpy = {"regime": np.float64("nan"), "policy": np.float32("nan"), "opened_at": np.datetime64("NaT")}
    assert dict(trade_result(1, of_numpy, trade_id="1").fields) == {"realized_pnl": "1", "trade_id": "1"}


def test_an_id_that_the_service_reads_as_none_is_none() -> None:
    assert entry_fields.WRITTEN_FOR_NONE == WRITTEN_FOR_NONE
    for written in (*WRITTEN_FOR_NONE, " nan ", np.float64("nan")):
        assert len(trade_result(1, {"trade_id": written}).fields["trade_id"]) == 32
    assert trade_result(1, trade_id="Nancy").fields["trade_id"] == "Nancy"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("policy", "BOLD", "CONSERVATIVE, BALANCED, AGGRESSIVE"),
        ("regime", "", "empty"),
        ("regime", "B" * 65, "longer than 64"),
        ("symbol", "a\nb", "printed"),
        ("strategy", 7, "no text"),
        ("opened_at", datetime(2024, 1, 5), "time zone"),  # noqa: DTZ001
        ("opened_at", 1_704_447_000, "would be 1970"),
        ("opened_at", 1_704_447_000_000_000, "no time|would be"),
        ("timestamp", "2024-01-05", "aware datetime"),
        ("timestamp", True, "aware datetime"),
        ("pnl", 1.0, "is no field"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_argument(field: str, value: object, said: str) -> None:
    with pytest.raises(EntryRefusedError, match=rf"^{field}: .*({said})"):
        trade_result(1.0, {field: value})


def test_fields_are_given_by_name_or_together() -> None:
    by_name = trade_result(1.0, regime="BULL", policy=None, trade_id="7")
    assert (
        by_name
        == trade_result(1.0, {"regime": "BULL", "trade_id": "7"})
        == trade_result(1.0, {"regime": "BULL"}, trade_id="7")
    )
    assert set(trade_result(0.1).fields) == {"realized_pnl", "trade_id"}
    assert regime_observation("bull", pnl=0.5).fields == {"regime": "BULL", "pnl": "0.5"}
    assert portfolio_entry(0.1).fields == {"pnl": "0.1"}
    wrong: Any
    for wrong in (0.2, "BULL", ["regime"], object()):
        with pytest.raises(
            EntryRefusedError, match=r"^more: .* is no mapping of fields; it may have regime, policy, symbol"
        ):
            trade_result(0.1, wrong)
    with pytest.raises(EntryRefusedError, match=r"^5: is no field of this trace; it has pnl, confidence"):
        regime_observation("BULL", {5: 1})  # type: ignore[dict-item]  # wrong on purpose


def test_a_confidence_beyond_one_is_refused() -> None:
    with pytest.raises(EntryRefusedError, match="confidence: 55 is not from 0 to 1"):
        regime_observation("BULL", {"confidence": 55})


def test_a_time_is_written_in_utc() -> None:
    opened = datetime(2024, 1, 5, 12, tzinfo=timezone(timedelta(hours=2)))
    fields = trade_result(1, {"opened_at": opened, "timestamp": 1_704_453_000_250}).fields
    assert fields["opened_at"] == "2024-01-05T10:00:00.000000Z"
    assert fields["timestamp"] == "2024-01-05T11:10:00.250000Z"


def test_a_trade_is_not_closed_before_it_was_opened() -> None:
    closed = datetime(2024, 1, 5, tzinfo=UTC)
    with pytest.raises(EntryRefusedError, match=r"opened_at: .* after the close"):
        trade_result(1, {"opened_at": closed + timedelta(microseconds=1), "timestamp": closed})
    now = datetime.now(UTC)
    with pytest.raises(EntryRefusedError, match=r"opened_at: .* is yet to come"):
        portfolio_entry(1, {"opened_at": now + timedelta(hours=2)})
    assert "opened_at" in trade_result(1, {"opened_at": now + timedelta(seconds=2)}).fields
    fields = trade_result(1, {"opened_at": closed, "timestamp": closed}).fields
    assert fields["opened_at"] == fields["timestamp"]


def test_a_trade_without_an_id_gets_one_of_its_own() -> None:
    ids = {trade_result(1, {}).fields["trade_id"] for _ in range(100)}
    assert len(ids) == 100


@pytest.mark.parametrize(
    "error",
    [
        EntryRefusedError("pnl", "is wrong"),
        UnwrittenError("away", [trade_result(1, {})], [regime_observation("A", {})]),
    ],
)
def test_errors_are_copied_between_processes_whole(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(("prefix", ""), ("prefix", " a"), ("maxlen", 0), ("timeout_s", 0), ("timeout_s", float("nan")), ("page", 0)),
        *(("prefix", ":"), ("prefix", 5), ("maxlen", "many"), ("maxlen", True), ("timeout_s", "5"), ("page", 1.5)),
        ("maxlen", 2**63),
    ],
)
def test_a_wrong_setting_is_named(setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{setting}: "):
        WriterSettings(**{setting: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Decimal, Fraction, np.float32, np.int64])
def test_settings_of_any_kind_of_number_become_those_of_python(kind: Callable[[int], Any]) -> None:
    settings = WriterSettings(timeout_s=kind(5), maxlen=np.int64(100), page=np.int16(7))  # type: ignore[arg-type]
    assert repr(settings) == "WriterSettings(prefix='quantum', maxlen=100, timeout_s=5.0, page=7)"


def test_the_colon_of_a_prefix_may_be_given_as_to_the_service() -> None:
    assert WriterSettings(prefix="desk:").key(trade_result(1, {})) == "desk:stream:trade.results"
