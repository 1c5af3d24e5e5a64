#!/usr/bin/env bash
# pyfolio-reloaded 0.10.1: extract_round_trips fails on the transactions that extract_rets_pos_txn_from_zipline returns.
#
# Guessed: what one function of the library returns for the others is what the others take.
# Seen: with pandas 2.3.3, `ValueError: cannot insert dt, already exists`. The transactions keep their time as the column
# `dt` beside the same time as the index, and the pairing names its index `dt` and turns it into a column. Without that
# column the same rows give their round trip.
# What follows: drop `dt` before round trips are made of a zipline result; the time is in the index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyfolio-reloaded==0.10.1 pandas==2.3.3 numpy==2.2.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas
from pyfolio.round_trips import extract_round_trips
from pyfolio.utils import extract_rets_pos_txn_from_zipline

days = pandas.date_range("2024-01-02 21:00", periods=3, tz="UTC")


def filled(day, amount, price):
    return {"sid": "AAA", "price": price, "order_id": "1", "amount": amount, "commission": None, "dt": day}


result = pandas.DataFrame(
    {
        "returns": [0.0, 0.01, 0.01],
        "ending_cash": [0.0, 0.0, 1_020.0],
        "positions": [[{"sid": "AAA", "amount": 10, "last_sale_price": price}] for price in (100.0, 101.0)] + [[]],
        "transactions": [[filled(days[0], 10, 100.0)], [], [filled(days[2], -10, 102.0)]],
    },
    days,
)
_, _, transactions = extract_rets_pos_txn_from_zipline(result)
try:
    extract_round_trips(transactions)
    failure = None
except ValueError as error:
    failure = str(error)
paired = extract_round_trips(transactions.drop(columns="dt"))
name = f"pyfolio-reloaded {version('pyfolio-reloaded')} with pandas {pandas.__version__}"
print(f"{name}: transactions with the columns {', '.join(transactions.columns)}: {failure}")
print(f"{name}: without dt: {len(paired)} round trip with a pnl of {paired['pnl'].iloc[0]:g}")
assert failure == "cannot insert dt, already exists", "its own transactions are paired now"
assert list(paired["pnl"]) == [20.0]
PYTHON
