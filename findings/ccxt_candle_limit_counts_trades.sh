#!/usr/bin/env bash
# ccxt 4.5.90: build_ohlcvc with a limit of 2 gives one candle, of the first two trades.
#
# Guessed: `limit` is of candles, as it is in fetch_ohlcv, whose rows these are: the newest two, or the first two.
# Seen: it is of trades: the third trade of the same minute and everything after it is left out. The candle that is cut off so has a
# close, a high and a volume of its own, and nothing tells it from a whole one. Minutes without a trade have no row either.
# What follows: leave `limit` alone and cut the candles; a regime that is told by such a close is told by another price.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ccxt==4.5.90
"$folder/venv/bin/python" - <<'PYTHON'
import ccxt

BEGIN_MS, MINUTE_MS = 1_704_447_000_000, 60_000
trades = [{"timestamp": BEGIN_MS + 20_000 * index, "price": 100 + index, "amount": 1.0} for index in range(9)]
exchange = ccxt.Exchange()
seen = {limit: exchange.build_ohlcvc(trades, "1m", 0, limit) for limit in (9, 2, 4)}
without_one = exchange.build_ohlcvc(trades[:3] + trades[6:], "1m", 0)
for limit, candles in seen.items():
    print(f"ccxt {ccxt.__version__}, limit={limit}: {[candle[1:] for candle in candles]}")
first, second, third = ([100, 102, 100, 102, 3.0, 3], [103, 105, 103, 105, 3.0, 3], [106, 108, 106, 108, 3.0, 3])
assert [candle[1:] for candle in seen[9]] == [first, second, third]
assert [candle[1:] for candle in seen[2]] == [[100, 101, 100, 101, 2.0, 2]]
assert [candle[1:] for candle in seen[4]] == [first, [103, 103, 103, 103, 1.0, 1]]
assert [(candle[0] - BEGIN_MS) // MINUTE_MS for candle in without_one] == [0, 2]
PYTHON
