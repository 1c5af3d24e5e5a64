#!/usr/bin/env bash
# ta 0.11.0: the first rows of two indicators are worked out from prices that come later.
#
# Guessed: an indicator's value at a row depends on that row and the ones before it.
# Seen: KST takes the mean close of the whole series for the prices before the first one, also with fillna=False (the
# default), so 30 rows of it change when the series grows. KAMA with fillna=True wraps round the end of the series, and
# what it took from there stays in it for rows to come. Everything else that add_all_ta_features gives, the Ichimoku
# columns named "visual" and the gaps that fillna=True fills aside, depends on the past alone.
# What follows: a regime label or an observation made from these columns has seen the future while it warms up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ta==0.11.0 pandas==2.3.3 numpy==2.2.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import pandas as pd
from ta.momentum import KAMAIndicator
from ta.trend import KSTIndicator

steps = np.random.default_rng(5).normal(0, 0.01, 400)
close = pd.Series(100 * np.exp(np.cumsum(steps)))


def changed(values):
    """Rows of the first 300 that are other ones when only 300 prices are known."""
    whole, first = values(close)[:300], values(close[:300])
    return int((~np.isclose(whole, first, equal_nan=True)).sum())


seen = {
    "KST, fillna=False": changed(lambda prices: KSTIndicator(prices).kst()),
    "KAMA, fillna=False": changed(lambda prices: KAMAIndicator(prices).kama()),
    "KAMA, fillna=True": changed(lambda prices: KAMAIndicator(prices, fillna=True).kama()),
}
for name, rows in seen.items():
    print(f"ta 0.11.0: {name}: {rows} of the first 300 rows change when 100 later prices are added")
assert seen["KST, fillna=False"] == 30, "KST does not look ahead any more, or otherwise"
assert seen["KAMA, fillna=False"] == 0
assert seen["KAMA, fillna=True"] > 20, "KAMA does not look ahead any more, or otherwise"
PYTHON
