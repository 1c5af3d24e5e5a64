"""Records every position that a nautilus_trader node or backtest closes: an actor beside the strategies.

    pip install 'strategic-memory[producer]' nautilus_trader
    python examples/nautilus_observer.py prices.csv --redis redis://127.0.0.1:6379/0

On a live node: `node.trader.add_actor(PositionRecorder(BackgroundWriter(redis_url)))`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from decimal import Decimal

import pandas as pd
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import LoggingConfig
from nautilus_trader.examples.strategies.ema_cross import EMACross, EMACrossConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.events import PositionClosed, PositionEvent, PositionOpened
from nautilus_trader.model.identifiers import PositionId, Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from strategic_memory_producer import BackgroundWriter, TraceError

NANOSECONDS_PER_MS = 1_000_000


class PositionRecorder(Actor):
    """Records each position when it is closed; it never waits for Redis.

    Args:
        writer: writes the trades.
        regime: asked when a position opens, for the regime that it is opened in. Without it the service takes the one
            that was observed by then, which a backtest of the past has not.
        policy: asked at the same time, for the policy that is followed: CONSERVATIVE, BALANCED or AGGRESSIVE.
    """

    def __init__(
        self,
        writer: BackgroundWriter,
        *,
        regime: Callable[[], str | None] = lambda: None,
        policy: Callable[[], str | None] = lambda: None,
    ) -> None:
        super().__init__()
        self._writer, self._regime, self._policy = writer, regime, policy
        self._opened: dict[PositionId, dict[str, str | None]] = {}

    def on_start(self) -> None:
        """Listen to the positions of all strategies."""
        self.msgbus.subscribe(topic="events.position.*", handler=self._on_position)

    def _on_position(self, event: PositionEvent) -> None:
        if isinstance(event, PositionOpened):
            self._opened[event.position_id] = {"regime": self._regime(), "policy": self._policy()}
        elif isinstance(event, PositionClosed):
            try:
                self._record(event)
            except TraceError as error:
                # What watches must not stop what trades.
                message = f"{event.position_id} was not recorded: {error}"
                self.log.error(message)

    def _record(self, event: PositionClosed) -> None:
        self._writer.record_trade(
            event.realized_pnl.as_decimal(),
            **self._opened.pop(event.position_id, {}),
            symbol=str(event.instrument_id),
            strategy=str(event.strategy_id),
            # A position may be opened again under its id; an order closes it once.
            trade_id=f"{event.trader_id}-{event.closing_order_id}",
            opened_at=event.ts_opened // NANOSECONDS_PER_MS,
            timestamp=event.ts_closed // NANOSECONDS_PER_MS,
        )


def backtest(prices: str, recorder: PositionRecorder) -> BacktestEngine:
    """Run a strategy that comes with nautilus_trader over hourly candles."""
    perpetual = TestInstrumentProvider.btcusdt_perp_binance()
    hourly = BarType.from_str(f"{perpetual.id}-1-HOUR-LAST-EXTERNAL")
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=None,
        starting_balances=[Money(10_000, USDT)],
    )
    engine.add_instrument(perpetual)
    candles = pd.read_csv(prices, index_col="time", parse_dates=True)
    engine.add_data(BarDataWrangler(hourly, perpetual).process(candles, ts_init_delta=3_600_000_000_000))
    crossing = EMACrossConfig(
        instrument_id=perpetual.id, bar_type=hourly, trade_size=Decimal(50), fast_ema_period=12, slow_ema_period=48
    )
    engine.add_strategy(EMACross(crossing))
    engine.add_actor(recorder)
    engine.run()
    return engine


def main() -> None:
    """Read the command line, run the backtest, and say what was recorded."""
    parser = argparse.ArgumentParser(description="Record the positions of a backtest.")
    parser.add_argument("prices", help="CSV with time, open, high, low, close and volume, one row an hour")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0", help="URL of the service's Redis")
    chosen = parser.parse_args()
    with BackgroundWriter(chosen.redis) as writer:
        cache = backtest(
            chosen.prices, PositionRecorder(writer, regime=lambda: "BULL", policy=lambda: "BALANCED")
        ).cache
        unwritten = writer.close()
    closed = [*cache.positions_closed(), *cache.position_snapshots()]
    earned = sum(position.realized_pnl.as_decimal() for position in closed)
    if unwritten:
        print(f"Of {len(closed)} positions that earned {earned:+} Redis has not confirmed {len(unwritten)}.")
    else:
        print(f"{len(closed)} positions that earned {earned:+} were recorded.")


if __name__ == "__main__":
    main()
