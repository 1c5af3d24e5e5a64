#!/usr/bin/env bash
# ccxt 4.5.90: build_ohlcvc makes weeks that begin on Thursday and months of 30 days, while round_timeframe says Monday and the first.
#
# Guessed: candles of "1w" and "1M" begin where those of the exchanges do, and where the library's own `round_timeframe` puts a time.
# Seen: trades of each day of 2024 from 1 January on give weeks that begin on 28 December, 4 and 11 January, all Thursdays, and months that begin
# on 19 December, 18 January and 17 February: multiples of 7 and 30 days since 1970. `round_timeframe` of 3 January is 1 January for both. "1d"
# and shorter ones agree.
# What follows: a weekly candle made from trades covers other days than the one of fetch_ohlcv beside it, and a regime of weeks changes on
# another day live than in the record; cut weeks and months oneself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ccxt==4.5.90
"$folder/venv/bin/python" - <<'PYTHON'
import ccxt

exchange = ccxt.Exchange()
first = exchange.parse8601("2024-01-01T00:00:00Z")
trades = [{"timestamp": first + day * 86_400_000, "price": 100 + day, "amount": 1} for day in range(70)]
seen = {}
for frame in ("1w", "1M", "1d"):
    candles = [exchange.iso8601(candle[0])[:10] for candle in exchange.build_ohlcvc(trades, frame)][:3]
    seen[frame] = candles, exchange.iso8601(exchange.round_timeframe(frame, first + 2 * 86_400_000))[:10]
    print(f"ccxt {ccxt.__version__}: {frame}: candles begin on {', '.join(candles)}; that of 3 January by round_timeframe on {seen[frame][1]}")
assert seen["1w"] == (["2023-12-28", "2024-01-04", "2024-01-11"], "2024-01-01"), "weeks are cut elsewhere now"
assert seen["1M"] == (["2023-12-19", "2024-01-18", "2024-02-17"], "2024-01-01"), "months are cut elsewhere now"
assert seen["1d"] == (["2024-01-01", "2024-01-02", "2024-01-03"], "2024-01-03")
PYTHON
