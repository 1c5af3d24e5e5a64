#!/usr/bin/env bash
# ccxt 4.5.90: parse8601 of a date, or of a time without seconds, is None, which asks an exchange for something else.
#
# Guessed: `2024-01-05` and `2024-01-05T09:30Z`, both ISO 8601, give milliseconds, or an error.
# Seen: None without a word, where `2024-01-05 09:30:00` and even the compact form are read. `since=None` is how
# fetch_trades and fetch_ohlcv are asked for the newest entries, so a history that should begin at a date is another one.
# What follows: check the result before it is passed on; a record that begins at the wrong time looks complete.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ccxt==4.5.90
"$folder/venv/bin/python" - <<'PYTHON'
import ccxt

exchange = ccxt.Exchange()
texts = ("2024-01-05", "2024-01-05T09:30Z", "2024-01-05T24:00:00Z", "2024-01-05 09:30:00", "20240105T093000Z")
read = {text: exchange.parse8601(text) for text in texts}
for text, milliseconds in read.items():
    print(f"ccxt {ccxt.__version__}: parse8601({text!r}) = {milliseconds}")
assert read == {
    "2024-01-05": None,
    "2024-01-05T09:30Z": None,
    "2024-01-05T24:00:00Z": None,
    "2024-01-05 09:30:00": 1_704_447_000_000,
    "20240105T093000Z": 1_704_447_000_000,
}
PYTHON
