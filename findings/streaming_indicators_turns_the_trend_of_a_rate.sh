#!/usr/bin/env bash
# streaming-indicators 0.1.8: an exchange rate that rises has a direction of +25 to -75 where it is +32 to -23, and a quiet one 0 to 0.
#
# Guessed: PLUS_DI, MINUS_DI, RMA and SuperTrend are shares or prices of any market, whatever its unit; `compute` of an EMA is what `update`
# would be with that price.
# Seen: RMA is rounded to four digits at each step, and the direction indices are ratios of two such means. A rate near 1.09 that moves by two
# pips a row has means of 0.0001 and 0.0003 over 0.0004; one that moves by half a pip has none. SuperTrend and Heikin Ashi are rounded so, too: a
# token at 0.00001 has a SuperTrend of 0. In pips (times 10,000) the same rows have the right ones, and ATR does not depend on it.
# `EMA.compute` is the simple mean of what has been, without the price given.
# What follows: rules of direction turn round for currencies; scale prices to thousands before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: streaming-indicators==0.1.8 numpy==2.4.6 pandas==2.3.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import random
from importlib.metadata import version

import streaming_indicators


def market(price, pace):
    source = random.Random(10)
    closes = [price]
    while len(closes) < 300:
        closes.append(closes[-1] + pace * price * source.gauss(0.3, 1))
    return [
        {"open": each, "close": each, "high": each + abs(source.gauss(0, pace * price)), "low": each - abs(source.gauss(0, pace * price))}
        for each in closes
    ]


def by_hand(candles, rows=14):
    """Wilder's direction indices of the last row; the first value of each mean does not matter after 300 rows."""
    means = None
    for before, now in zip(candles, candles[1:]):
        up, down = now["high"] - before["high"], before["low"] - now["low"]
        reach = max(now["high"], before["close"]) - min(now["low"], before["close"])
        step = (up if up > max(down, 0) else 0.0, down if down > max(up, 0) else 0.0, reach)
        means = step if means is None else tuple(mean + (new - mean) / rows for mean, new in zip(means, step))
    return [round(100 * mean / means[2], 1) for mean in means[:2]]


def told(candles):
    plus, minus, trend = streaming_indicators.PLUS_DI(14), streaming_indicators.MINUS_DI(14), streaming_indicators.SuperTrend(10, 3)
    for candle in candles:
        up, down, super_trend = plus.update(candle), minus.update(candle), trend.update(candle)
    return [round(float(up), 1), round(float(down), 1)], abs(float(super_trend[1]))


name = f"streaming-indicators {version('streaming-indicators')}"
markets = {"stock at 100": (100, 0.01), "rate, two pips": (1.085, 0.0002), "rate, half a pip": (1.085, 0.00005), "the same in pips": (10_850, 0.00005)}
seen = {}
for market_name, (price, pace) in markets.items():
    candles = market(price, pace)
    seen[market_name] = (told(candles)[0], by_hand(candles))
    print(f"{name}: {market_name}: +DI and -DI {seen[market_name][0]}, by hand {seen[market_name][1]}")
super_trend = told(market(0.00001, 0.01)[:250])[1]
average = streaming_indicators.EMA(3)
for price in (1.0, 2.0, 3.0, 4.0):
    average.update(price)
would_be, is_then = average.compute(9.0), average.update(9.0)
print(f"{name}: token at 0.00001: SuperTrend {super_trend}; EMA(3) of 1 to 4 with a 9: compute {float(would_be)}, update {float(is_then)}")
for market_name in ("stock at 100", "the same in pips"):
    assert all(abs(one - other) < 0.5 for one, other in zip(*seen[market_name]))
two, two_by_hand = seen["rate, two pips"]
assert two[0] < two[1] and two_by_hand[0] > two_by_hand[1], "small prices have their direction now"
assert seen["rate, half a pip"][0] == [0.0, 0.0] and min(seen["rate, half a pip"][1]) > 20
assert super_trend == 0.0
assert (float(would_be), float(is_then)) == (2.5, 6.0)
PYTHON
