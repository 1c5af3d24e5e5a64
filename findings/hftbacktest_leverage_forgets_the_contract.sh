#!/usr/bin/env bash
# hftbacktest 2.4.4: two contracts of 50 at 5,000 on 100,000 have a leverage of 0.1 where it is 5, and 0.2 coins in inverse contracts are 5,050,000.
#
# Guessed: a record that was told `contract_size(50)` uses it wherever a position has a value; of an inverse contract, whose account is in coins,
# a position is worth contracts times their size, divided by the price.
# Seen: the equity, the return and the drawdown know the size. MaxPositionValue (one of the figures by default), MeanPositionValue,
# MedianPositionValue and MaxLeverage multiply the contracts by the price: of linear contracts without the size, and of inverse ones too, so
# that the book looks larger the more a coin costs, and the leverage on one coin is 5,050,000 where it is 0.2.
# What follows: a limit of leverage passes fifty times of what it should, or stops all; multiply by oneself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==2.2.6 polars==2.1.0
# What its statistics need; the simulation and the charts need more.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps hftbacktest==2.4.4
mkdir "$folder/figures"
cp -r "$folder"/venv/lib/python3*/site-packages/hftbacktest/stats "$folder/figures"
cd "$folder/figures"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import polars
from stats import InverseAssetRecord, LinearAssetRecord
from stats.metrics import MaxDrawdown, MaxLeverage, MaxPositionValue, Ret

name = f"hftbacktest {version('hftbacktest')}"


def stats(kind, size, contracts, prices, spent, book):
    # Bought at the second of six records, each 10 s after the one before, and held.
    rows = len(prices)
    record = polars.DataFrame(
        {
            "timestamp": [1_704_465_000_000_000_000 + 10_000_000_000 * row for row in range(rows)],
            "price": prices,
            "position": [0.0] + [contracts] * (rows - 1),
            "balance": [0.0] + [spent] * (rows - 1),
            "fee": [0.0] * rows,
            "num_trades": [0] + [1] * (rows - 1),
            "trading_volume": [0.0] + [contracts] * (rows - 1),
            "trading_value": [0.0] + [abs(spent)] * (rows - 1),
        }
    )
    told = kind(record).contract_size(size).stats([Ret, MaxDrawdown, MaxPositionValue, MaxLeverage], book_size=book).splits[-1]
    return tuple(round(told[figure], 6) for figure in ("Return", "MaxDrawdown", "MaxPositionValue", "MaxLeverage"))


# Two contracts of 50 an index point, bought at 5,000: 500,000, and 502,000 at 5,020; 2,000 earned on 100,000, and 2,000 lost from 5,010 to 4,990.
index = [5_000.0, 5_000.0, 5_010.0, 4_990.0, 5_000.0, 5_020.0]
linear = stats(LinearAssetRecord, 50.0, 2.0, index, -2 * 5_000 * 50.0, 100_000.0)
# A hundred contracts of 100 dollars, bought at 50,000 a coin: 10,000 dollars, 0.2 coins, and 0.202 coins where a coin costs 49,500.
coin = [50_000.0, 50_000.0, 50_500.0, 49_500.0, 50_000.0, 50_000.0]
inverse = stats(InverseAssetRecord, 100.0, 100.0, coin, -100 * 100 / 50_000, 1.0)
right = {"linear": (2 * 5_020 * 50, 2 * 5_020 * 50 / 100_000), "inverse": (round(100 * 100 / 49_500, 3), round(100 * 100 / 49_500 / 1.0, 3))}
for kind, told in (("linear", linear), ("inverse", inverse)):
    print(f"{name}, {kind}: return {told[0]}, drawdown {told[1]}, greatest position and leverage {told[2:]}; by hand {right[kind]}")
assert linear[:2] == (0.02, 0.02), "the equity does not know the size of a contract now"
assert linear[2:] == (10_040.0, 0.1004) and right["linear"] == (502_000, 5.02), "the leverage knows the size of a contract now"
assert inverse[:2] == (0.0, 0.004), "the equity of an inverse contract is another one now"
assert inverse[2:] == (5_050_000.0, 5_050_000.0) and right["inverse"] == (0.202, 0.202)
PYTHON
