#!/usr/bin/env bash
# ibflex 1.1: of one trade, written with -0500 and with +0100, it makes two that are six hours apart.
#
# Guessed: `2024-01-05T09:30:00-0500` becomes a datetime with that offset, the same moment in UTC, or an error, as `EST` behind a time is.
# Seen: the offset is cut off, and a datetime without a zone is left: 09:30, and 15:30 of `+0100`. Days are those of the clock as well:
# `2024-01-05T20:30:00-0500`, the 6th in UTC, stays the 5th.
# What follows: trades before and after the clocks change, and those of a file whose times are in another zone than the rest, are
# hours off without a word, and a regime that is looked up by them another one; put the offset back from the XML.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ibflex==1.1 requests==2.32.5
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

from ibflex import parser

REPORT = """<FlexQueryResponse queryName="trades" type="AF"><FlexStatements count="1">
<FlexStatement accountId="U0000000" fromDate="20240101" toDate="20240131" period="LastMonth" whenGenerated="20240201;010000"><Trades>
<Trade accountId="U0000000" symbol="AAA" dateTime="{time}" fifoPnlRealized="12.5"/>
</Trades></FlexStatement></FlexStatements></FlexQueryResponse>"""

seen = {}
for time in ("2024-01-05T09:30:00-0500", "2024-01-05T15:30:00+0100", "2024-01-05T20:30:00-0500", "20240105;093000 EST"):
    try:
        (trade,) = parser.parse(REPORT.format(time=time).encode()).FlexStatements[0].Trades
        seen[time] = f"{trade.dateTime.isoformat()}, zone {trade.dateTime.tzinfo}"
    except parser.FlexParserError as error:
        seen[time] = f"refused: {type(error).__name__}"
    print(f"ibflex {version('ibflex')}: {time} is {seen[time]}")
assert list(seen.values()) == [
    "2024-01-05T09:30:00, zone None",
    "2024-01-05T15:30:00, zone None",
    "2024-01-05T20:30:00, zone None",
    "refused: FlexParserError",
]
PYTHON
