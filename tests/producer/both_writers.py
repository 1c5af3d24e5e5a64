"""Runs the same calls with `TraceWriter` and with `AsyncTraceWriter`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Protocol, Self, Unpack

from strategic_memory_producer import AsyncTraceWriter, Entry, TraceWriter, WriterSettings
from strategic_memory_producer.checked_values import Number
from strategic_memory_producer.traces import ObservationFields, PortfolioFields, TradeFields


class Writer(Protocol):
    """What both do, as calls that return when it is done."""

    def observe_regime(self, regime: str, **more: Unpack[ObservationFields]) -> str: ...
    def record_trade(self, realized_pnl: Number, **more: Unpack[TradeFields]) -> str: ...
    def record_portfolio(self, pnl: Number, **more: Unpack[PortfolioFields]) -> str: ...
    def write(self, entries: Iterable[Entry]) -> list[str]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class _InALoop:
    """An AsyncTraceWriter in an event loop of its own."""

    def __init__(self, redis_url: str, settings: WriterSettings | None = None) -> None:
        self._runner = asyncio.Runner()
        self._writer = AsyncTraceWriter(redis_url, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._runner.run(self._writer.close())
        self._runner.close()

    def observe_regime(self, regime: str, **more: Unpack[ObservationFields]) -> str:
        return self._runner.run(self._writer.observe_regime(regime, **more))

    def record_trade(self, realized_pnl: Number, **more: Unpack[TradeFields]) -> str:
        return self._runner.run(self._writer.record_trade(realized_pnl, **more))

    def record_portfolio(self, pnl: Number, **more: Unpack[PortfolioFields]) -> str:
        return self._runner.run(self._writer.record_portfolio(pnl, **more))

    def write(self, entries: Iterable[Entry]) -> list[str]:
        return self._runner.run(self._writer.write(entries))


KINDS = (TraceWriter, _InALoop)


def named(kind: type[object]) -> str:
    """Its name in the report of the tests."""
    return "async" if kind is _InALoop else "sync"


MakeWriter = Callable[..., Writer]
QUICK = WriterSettings(timeout_s=0.3)
"""For what fails however long it waits: on a busy machine an answer that counts may take longer."""
