"""The three kinds of trace: their fields, and how each becomes an entry."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from strategic_memory_producer import checked_values as checked
from strategic_memory_producer.checked_values import Number, Time
from strategic_memory_producer.entry import PORTFOLIO, REGIMES, TRADES, Entry
from strategic_memory_producer.errors import EntryRefusedError

Check = Callable[[str, object], str]

CLOCKS_APART = timedelta(minutes=1)
"""The service refuses an opening that is later than the entry's id by more than that."""

WRITTEN_FOR_NONE = frozenset(
    (
        *("None", "none", "NONE", "nan", "NaN", "NAN", "null", "Null", "NULL", "nil", "<nil>", "(null)", "undefined"),
        *("<NA>", "NaT", "NA", "N/A", "n/a", "#N/A"),
    )
)
"""What programs write for an id that they do not have: the service reads it as none."""


class ObservationFields(TypedDict, total=False):
    """What a regime observation may say beside its regime; what is None is left out."""

    pnl: Number | None
    """What was earned while it was seen, in the unit of the trades. Without one the observation counts in no mean."""
    confidence: Number | None
    """How sure the detector is, from 0 to 1."""
    volatility: Number | None
    trend: Number | None
    timestamp: Time | None
    """When it was seen. Entries count in the order in which Redis takes them, whatever it says."""


class TradeFields(TypedDict, total=False):
    """What a trade may say beside its result; what is None is left out."""

    regime: str | None
    """The regime it was opened in. Without one it takes the regime that was observed by then."""
    policy: str | None
    """CONSERVATIVE, BALANCED or AGGRESSIVE; a trade without one counts for its regime alone."""
    symbol: str | None
    strategy: str | None
    trade_id: str | None
    """Names the trade: it counts once, however often it is recorded. Without one it gets one of its own."""
    opened_at: Time | None
    timestamp: Time | None
    """When it was closed."""


class PortfolioFields(TypedDict, total=False):
    """What a portfolio entry may say beside its pnl; what is None is left out."""

    regime: str | None
    total_pnl: Number | None
    symbol: str | None
    side: str | None
    leverage: Number | None
    confidence: Number | None
    volatility: Number | None
    position_size: Number | None
    exit_reason: str | None
    opened_at: Time | None
    timestamp: Time | None


OBSERVATION_CHECKS: Mapping[str, Check] = {
    "pnl": checked.number,
    "confidence": checked.number,
    "volatility": checked.number,
    "trend": checked.number,
    "timestamp": checked.time,
}
TRADE_CHECKS: Mapping[str, Check] = {
    "regime": checked.name,
    "policy": checked.policy,
    "symbol": checked.name,
    "strategy": checked.name,
    "trade_id": checked.name,
    "opened_at": checked.time,
    "timestamp": checked.time,
}
PORTFOLIO_CHECKS: Mapping[str, Check] = {
    "regime": checked.name,
    "total_pnl": checked.number,
    "symbol": checked.name,
    "side": checked.name,
    "leverage": checked.number,
    "confidence": checked.number,
    "volatility": checked.number,
    "position_size": checked.number,
    "exit_reason": checked.name,
    "opened_at": checked.time,
    "timestamp": checked.time,
}


def regime_observation(
    regime: str, more: Mapping[str, object] | None = None, **fields: Unpack[ObservationFields]
) -> Entry:
    """Return the entry of a regime that was observed; what else it says by name, or as `more`."""
    given = _checked(OBSERVATION_CHECKS, more, fields)
    if not 0.0 <= float(given.get("confidence", 0.0)) <= 1.0:
        raise EntryRefusedError("confidence", f"{given['confidence']} is not from 0 to 1")
    return Entry(REGIMES, {"regime": checked.name("regime", regime).upper(), **given})


def trade_result(
    realized_pnl: Number, more: Mapping[str, object] | None = None, **fields: Unpack[TradeFields]
) -> Entry:
    """Return the entry of a trade that was closed; what else it says by name, or as `more`."""
    given = _in_order(_checked(TRADE_CHECKS, more, fields))
    if "regime" in given:
        given = {"market_regime": given.pop("regime").upper(), **given}
    if given.get("trade_id", "None") in WRITTEN_FOR_NONE:
        given["trade_id"] = uuid.uuid4().hex
    return Entry(TRADES, {"realized_pnl": checked.number("realized_pnl", realized_pnl), **given})


def portfolio_entry(pnl: Number, more: Mapping[str, object] | None = None, **fields: Unpack[PortfolioFields]) -> Entry:
    """Return the entry of what the portfolio earned; what else it says by name, or as `more`."""
    given = _in_order(_checked(PORTFOLIO_CHECKS, more, fields))
    if "regime" in given:
        given["regime"] = given["regime"].upper()
    return Entry(PORTFOLIO, {"pnl": checked.number("pnl", pnl), **given})


def _checked(
    checks: Mapping[str, Check], more: Mapping[str, object] | None, fields: Mapping[str, object]
) -> dict[str, str]:
    if more is not None and not isinstance(more, Mapping):
        raise EntryRefusedError(
            "more", f"{checked.shown(more)} is no mapping of fields; it may have {', '.join(checks)}"
        )
    given = {**(more or {}), **fields}
    for field in given:
        if field not in checks:
            raise EntryRefusedError(str(field), f"is no field of this trace; it has {', '.join(checks)}")
    return {field: checks[field](field, value) for field, value in given.items() if not _missing(checks[field], value)}


def _missing(check: Check, value: object) -> bool:
    """Whether a value says that nothing is known: None, or what pandas has in place of a name or time."""
    if value is None or check is checked.number or isinstance(value, str):
        return value is None
    return str(value) in {"<NA>", "NaT", "nan"}


def _in_order(given: dict[str, str]) -> dict[str, str]:
    opened, closed = given.get("opened_at"), given.get("timestamp")
    if opened and closed and opened > closed:
        raise EntryRefusedError("opened_at", f"{opened} is after the close, {closed}")
    # What is written now is closed now.
    if opened and opened > checked.time("opened_at", datetime.now(UTC) + CLOCKS_APART):
        raise EntryRefusedError("opened_at", f"{opened} is yet to come by the clock of this machine")
    return given
