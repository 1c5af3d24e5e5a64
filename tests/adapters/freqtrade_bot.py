"""A dry-run bot of freqtrade that makes one trade: freqtrade_bot.py ADDRESS REDIS_URL FOLDER MODE.

It runs by the Python of freqtrade. No exchange is asked: a made-up market and order book stand in for its answers. All
else is freqtrade's own. Prints what freqtrade itself says of the trade, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

from freqtrade.configuration import Configuration
from freqtrade.enums import ExitCheckTuple, ExitType, RunMode
from freqtrade.exchange import Exchange
from freqtrade.freqtradebot import FreqtradeBot
from freqtrade.persistence import Trade
from freqtrade.resolvers import StrategyResolver

from strategic_memory_client.values.results import WARMING_UP

STAKE = 1_000.0
MODE = sys.argv[4]
PAIR = {"spot": "BTC/USDT", "futures": "BTC/USDT:USDT"}[MODE]
OF_MODE = {
    "spot": {"spot": True, "type": "spot"},
    "futures": {
        "spot": False, "type": "swap", "swap": True, "linear": True, "contract": True, "contractSize": 1.0,
        "settle": "USDT",
    },
}  # fmt: skip
MARKET = {
    "id": "BTCUSDT", "symbol": PAIR, "base": "BTC", "quote": "USDT", "active": True, **OF_MODE[MODE],
    "precision": {"price": 0.01, "amount": 0.00001, "cost": 0.01},
    "limits": {"amount": {"min": 0.00001, "max": 9000.0}, "price": {"min": 0.01, "max": 1e6}, "cost": {"min": 5.0}},
}  # fmt: skip
STRATEGY = """
from freqtrade_mixin import StrategicMemoryMixin


class Momentum(StrategicMemoryMixin):
    timeframe = "1h"
    minimal_roi = {}
    stoploss = -0.99
    order_types = {"entry": "market", "exit": "market", "stoploss": "market", "stoploss_on_exchange": False}

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe
"""


def config(address: str, redis_url: str) -> dict[str, object]:
    """Return the configuration of the bot."""
    return {
        "dry_run": True, "trading_mode": MODE, "margin_mode": "isolated" if MODE == "futures" else "",
        "stake_currency": "USDT", "stake_amount": STAKE, "max_open_trades": 1,
        "dry_run_wallet": 10_000,
        "exchange": {"name": "binance", "key": "", "secret": "", "pair_whitelist": [PAIR], "pair_blacklist": []},
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "strategic_memory": {"address": address, "redis_url": redis_url},
    }  # fmt: skip


@contextmanager
def answers(price: float) -> Iterator[None]:
    """Answer in place of the exchange: one market, at one price."""
    book = {"bids": [[price, 1_000.0]], "asks": [[price, 1_000.0]], "symbol": PAIR}
    with (
        patch.object(Exchange, "_load_async_markets", lambda self, **_: self._api_async.set_markets([MARKET])),
        patch.object(Exchange, "fetch_l2_order_book", lambda *_, **__: book),
        patch.object(Exchange, "fetch_ticker", lambda *_, **__: {"last": price, "bid": price, "ask": price}),
        patch.object(Exchange, "get_fee", lambda *_, **__: 0.001),
        patch.object(Exchange, "get_funding_fees", lambda *_, **__: 0.0),
    ):
        yield


def in_a_backtest(config: dict[str, object]) -> list[float]:
    """Return stake and leverage of the same strategy in a backtest."""
    strategy = StrategyResolver.load_strategy({**config, "runmode": RunMode.BACKTEST})
    strategy.ft_bot_start()
    stake = strategy.custom_stake_amount(PAIR, None, 100.0, STAKE, 5.0, 1e6, 1.0, None, "long")
    return [stake, strategy.leverage(PAIR, None, 100.0, 1.0, 10.0, None, "long")]


def main(address: str, redis_url: str) -> None:
    """Trade once."""
    Path("user/strategies").mkdir(parents=True)
    Path("user/strategies/momentum.py").write_text(STRATEGY)
    Path("config.json").write_text(json.dumps(config(address, redis_url)))
    given = {"config": ["config.json"], "user_data_dir": "user", "strategy": "Momentum", "db_url": "sqlite://"}
    with answers(100.0):
        bot = FreqtradeBot(Configuration(given, RunMode.DRY_RUN).get_config())
        client = bot.strategy.strategic_memory
        until_s = time.monotonic() + 30
        while client.newest.current is None and time.monotonic() < until_s:
            client.wait_for_newest(1.0)
        bot.execute_entry(PAIR, STAKE)
        (trade,) = Trade.get_open_trades()
        # Once the trade is closed the service learns of it, and may advise something else.
        advice = client.newest.current
        sized = {
            "leverage_at_most_1_2": bot.strategy.leverage(PAIR, None, 100.0, 1.0, 1.2, None, "long"),
            "stake_at_that": bot.strategy.custom_stake_amount(PAIR, None, 100.0, STAKE, 5.0, 1e6, 1.2, None, "long"),
        }
    with answers(110.0):
        bot.execute_trade_exit(trade, 110.0, exit_check=ExitCheckTuple(exit_type=ExitType.EXIT_SIGNAL))
    said = {
        "stake": trade.stake_amount, "leverage": trade.leverage,
        "is_open": trade.is_open, "close_profit": trade.close_profit,
        "hint": advice.leverage_hint, "policy": advice.policy.name,
        **sized,
        "in_a_backtest": in_a_backtest(bot.config),
        "where_nothing_is_known": import_module("freqtrade_mixin").advised(WARMING_UP),
    }  # fmt: skip
    bot.cleanup()
    sys.stdout.write(json.dumps(said) + "\n")


with chdir(sys.argv[3]):
    main(*sys.argv[1:3])
