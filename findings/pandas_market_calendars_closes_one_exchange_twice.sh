#!/usr/bin/env bash
# pandas_market_calendars 5.5.0: get_calendar("EUREX") trades on 24 and 31 December, and get_calendar("XEUR") does not.
#
# Guessed: the name and the ISO code (MIC) of an exchange are two names of one calendar, as NYSE and XNYS, LSE and XLON, JPX and XTKS are.
# Seen: from 2014 to 2025 these three, BSE and XBOM agree on each session and its hours. EUREX has 16 days that XEUR has not, all of them 24 and
# 31 December, and lacks 6 between Christmas and New Year. HKEX has four that XHKG lacks, lacks two that it has (1 and 8 September 2023), and
# ends at 16:00 on the 26 days before a holiday that XHKG ends at noon. B3 and BVMF end an hour apart on 1,532 days. The codes come from
# exchange_calendars 4.13.2, the names are the library's own.
# What follows: sessions, gaps and closes of one market, counted by two programs, differ; name one calendar everywhere, and check it against trades.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pandas_market_calendars==5.5.0 exchange_calendars==4.13.2 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas_market_calendars

seen = {}
for name, code in (("NYSE", "XNYS"), ("LSE", "XLON"), ("JPX", "XTKS"), ("BSE", "XBOM"), ("EUREX", "XEUR"), ("HKEX", "XHKG"), ("B3", "BVMF")):
    one, other = (pandas_market_calendars.get_calendar(each).schedule("2014-01-01", "2025-12-31") for each in (name, code))
    both = one.index.intersection(other.index)
    closes = int((one.loc[both, "market_close"] != other.loc[both, "market_close"]).sum())
    only = [[f"{day:%Y-%m-%d}" for day in left.index.difference(right.index)] for left, right in ((one, other), (other, one))]
    seen[name] = (len(only[0]), len(only[1]), closes)
    examples = "; ".join(f"{whose} alone has {', '.join(days[:4])}" for whose, days in zip((name, code), only) if days)
    print(f"pandas_market_calendars {version('pandas_market_calendars')}: {name} and {code}: {seen[name]} {examples}")
    if name == "EUREX":
        assert {day[5:] for day in only[0]} == {"12-24", "12-31"}
assert all(seen[name] == (0, 0, 0) for name in ("NYSE", "LSE", "JPX", "BSE"))
assert seen["EUREX"] == (16, 6, 8) and seen["HKEX"] == (4, 2, 26) and seen["B3"] == (1, 0, 1532), "the calendars are others now"
PYTHON
