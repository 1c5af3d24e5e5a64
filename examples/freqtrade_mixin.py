"""A freqtrade strategy that sizes its positions by the newest advice and records how each trade ended.

    pip install 'strategic-memory[producer]'        # beside freqtrade
    cp examples/freqtrade_mixin.py user_data/strategies/

    from freqtrade_mixin import StrategicMemoryMixin

    class Momentum(StrategicMemoryMixin):
        ...                                         # as if it derived from IStrategy

Where the service and its Redis are says the configuration; passwords belong into the environment, as
FREQTRADE__STRATEGIC_MEMORY__REDIS_URL:

    "strategic_memory": {"address": "127.0.0.1:50051", "redis_url": "redis://127.0.0.1:6379/0"}

Backtests and hyperopt trade as without it, for the advice is that of now: what it would have been worth in the past
says `strategic-memory-server replay`.
"""

from __future__ import annotations

from datetime import datetime

from freqtrade.persistence import Order, Trade
from freqtrade.strategy import IStrategy

from strategic_memory_client import Feedback, StrategicMemoryClient
from strategic_memory_producer import BackgroundWriter

POLICY = "strategic_memory_policy"
"""Under this name a trade keeps the policy that it was opened by, in freqtrade's own database."""


class StrategicMemoryMixin(IStrategy):
    """Stake and leverage by the newest advice, without a call to anywhere in a hook; closed trades are recorded.

    A position is what it would be otherwise, times the leverage that is advised. A strategy with hooks of these names
    of its own calls those here by `super()`.
    """

    strategic_memory: StrategicMemoryClient | None = None
    """Holds the newest advice. None in backtests."""

    def bot_start(self, **kwargs: object) -> None:
        """Begin to follow the advice, where trades are made now."""
        super().bot_start(**kwargs)
        if self.config["runmode"].value not in ("live", "dry_run"):
            return
        given = self.config.get("strategic_memory", {})
        self.strategic_memory = StrategicMemoryClient(given.get("address", "127.0.0.1:50051"))
        self.strategic_memory.follow()
        self._traces = BackgroundWriter(given.get("redis_url", "redis://127.0.0.1:6379/0"))
        self._policies: dict[str, str] = {}

    def ft_bot_cleanup(self) -> None:
        """End what was begun; what Redis has not taken yet is written."""
        super().ft_bot_cleanup()
        if self.strategic_memory is not None:
            self.strategic_memory.close()
            self._traces.close()

    def leverage(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_leverage: float,
        max_leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: object,
    ) -> float:
        """Return the leverage advised, as far as the exchange allows it; the stake makes up for the rest."""
        if self.strategic_memory is None:
            return proposed_leverage
        return min(max(1.0, advised(self.strategic_memory.newest)[1]), max_leverage)

    def custom_stake_amount(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_stake: float,
        min_stake: float | None,
        max_stake: float,
        leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: object,
    ) -> float:
        """Return the stake that makes the position as large as advised at the leverage that was taken."""
        if self.strategic_memory is None:
            return proposed_stake
        self._policies[pair], hint = advised(self.strategic_memory.newest)
        return min(proposed_stake * hint / leverage, max_stake)

    def order_filled(self, pair: str, trade: Trade, order: Order, current_time: datetime, **kwargs: object) -> None:
        """Keep by which policy a trade was opened; record it once it is closed."""
        super().order_filled(pair, trade, order, current_time, **kwargs)
        if self.strategic_memory is None:
            return
        if trade.is_open:
            if order.ft_order_side == trade.entry_side and pair in self._policies:
                trade.set_custom_data(POLICY, self._policies.pop(pair))
            return
        self._traces.record_trade(
            trade.close_profit,
            policy=trade.get_custom_data(POLICY),
            symbol=pair,
            strategy=self.get_strategy_name(),
            # Numbers begin anew with each database.
            trade_id=f"{trade.id}-{trade.open_date_utc:%Y%m%d%H%M%S}-{pair}",
            opened_at=trade.open_date_utc,
            timestamp=trade.close_date_utc,
        )


def advised(newest: Feedback) -> tuple[str, float]:
    """Return policy and leverage for the present regime; the safe ones where nothing is known of it."""
    if newest.current is not None:
        return newest.current.policy.name, newest.current.leverage_hint
    safe = newest.as_safe()
    return safe.updated_policy.name, safe.leverage_hint
