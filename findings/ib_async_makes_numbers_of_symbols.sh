#!/usr/bin/env bash
# ib_async 2.1.0: FlexReport makes numbers of whatever looks like one: the symbols NAN and INF, and half past midnight is 3000.
#
# Guessed: prices, quantities and pnl become numbers; symbols, identifiers and times stay as Interactive Brokers wrote them.
# Seen: each attribute is tried as a number. The symbol `NAN` becomes the float nan, which is not equal to itself and an empty cell to
# pandas, and `INF` becomes inf. `tradeTime="003000"` is 3000, `orderReference="1_000"` is 1000 and `cusip="037833100"` 37833100. A
# time with nothing between date and hour is a number too, and in a table with a row that lacks it a float.
# What follows: `extract("Trade", parseNumbers=False)`, and numbers made of those columns that are some; let date and time have a
# separator in the Flex query.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ib-async==2.1.0 pandas==3.1.1
cat >"$folder/trades.xml" <<'XML'
<FlexQueryResponse queryName="trades" type="AF"><FlexStatements count="1"><FlexStatement accountId="U0000000"><Trades>
<Trade symbol="NAN" cusip="037833100" orderReference="1_000" tradeTime="003000" dateTime="20240105003000" fifoPnlRealized="12.5"/>
<Trade symbol="INF" cusip="00724F101" orderReference="" tradeTime="093000" fifoPnlRealized="-3"/>
</Trades></FlexStatement></FlexStatements></FlexQueryResponse>
XML
"$folder/venv/bin/python" -W ignore - "$folder/trades.xml" <<'PYTHON'
import sys
from importlib.metadata import version

import pandas
from ib_async import FlexReport

report = FlexReport(path=sys.argv[1])
first, second = report.extract("Trade")
as_written, _ = report.extract("Trade", parseNumbers=False)
table = report.df("Trade")
print(f"ib_async {version('ib-async')}: {first}")
print(f"{second}; as a table, times {table['dateTime'].tolist()}, symbols that are missing {int(table['symbol'].isna().sum())}")
assert first.symbol != first.symbol and second.symbol == float("inf")
assert (first.cusip, first.orderReference, first.tradeTime) == (37833100, 1000, 3000) and second.cusip == "00724F101"
assert pandas.isna(table["symbol"]).tolist() == [True, False] and table["dateTime"][0] == 20240105003000.0
assert (as_written.symbol, as_written.tradeTime, as_written.cusip) == ("NAN", "003000", "037833100")
PYTHON
