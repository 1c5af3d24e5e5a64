#!/usr/bin/env bash
# order-matching 0.12.0: a bid of 1.0651 buys from an offer of 1.0852 at 1.1, and a market order that finds no one sells at 0 later.
#
# Guessed: a limit order trades at its price or better, and a market order at what is in the book; what is left of it is cancelled or waits.
# Seen: prices are rounded to one digit where `price_number_of_digits` is not given, so all of 1.05 to 1.15 is one price, and a bid crosses an
# offer that is two hundredths above it. What a market order leaves rests in the book, at 0 where it sells and at infinity where it buys: a bid
# of 5 that comes then has all of it for 0, an offer of 500 is sold at infinity. Of an offer of 0.3 that is taken by 0.1 and
# 0.2, the second order waits as the best bid with 0.00000000000000003.
# What follows: fills and pnl of a simulation are of other prices than its orders; give the digits of the market, and cancel what is left.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check order-matching==0.12.0 polars==2.1.0 pandera==0.32.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from datetime import datetime
from importlib.metadata import version
from math import inf

from loguru import logger
from order_matching.enums import Side
from order_matching.matching_engine import MatchingEngine
from order_matching.order import LimitOrder, MarketOrder
from order_matching.orders import Orders

logger.remove()
at = datetime(2024, 1, 5, 14, 30)


class Book:
    def __init__(self):
        self.engine, self.orders = MatchingEngine(), 0

    def place(self, side, size, price=None, **digits):
        self.orders += 1
        given = {"side": side, "size": size, "timestamp": at, "order_id": str(self.orders), "trader_id": str(self.orders)}
        order = MarketOrder(**given) if price is None else LimitOrder(price=price, **given, **digits)
        self.engine.place(Orders([order]))
        return [(trade.price, trade.size) for trade in self.engine.match(at).trades]


rounded, exact = Book(), Book()
rounded.place(Side.SELL, 10.0, 1.0852)
exact.place(Side.SELL, 10.0, 1.0852, price_number_of_digits=4)
crossed = rounded.place(Side.BUY, 10.0, 1.0651), exact.place(Side.BUY, 10.0, 1.0651, price_number_of_digits=4)
sold, bought = Book(), Book()
sold.place(Side.SELL, 3.0)
bought.place(Side.BUY, 3.0)
left = sold.place(Side.BUY, 1.0, 5.0), bought.place(Side.SELL, 1.0, 500.0)
dust = Book()
dust.place(Side.SELL, 0.3, 100.0)
dust.place(Side.BUY, 0.1, 100.0)
dust.place(Side.BUY, 0.2, 100.0)
waiting = dust.engine.unprocessed_orders.bids_depth
name = f"order-matching {version('order-matching')}"
print(f"{name}: bid 1.0651, offer 1.0852: trades {crossed[0]}; with four digits: {crossed[1]}")
print(f"{name}: market order to sell, then a bid of 5: {left[0]}; to buy, then an offer of 500: {left[1]}")
print(f"{name}: offer of 0.3 taken by 0.1 and 0.2: bids {waiting}")
assert crossed == ([(1.1, 10.0)], []), "prices are not rounded now"
assert left == ([(0, 1.0)], [(inf, 1.0)]), "what a market order leaves has another price now"
assert [price for price, _ in waiting] == [100.0] and 0 < waiting[0][1] < 1e-16
PYTHON
