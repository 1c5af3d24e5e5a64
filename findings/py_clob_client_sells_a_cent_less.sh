#!/usr/bin/env bash
# py_clob_client 0.34.6: an order for 1.13 shares of a market of Polymarket is made for 1.12, one for 0.29 for 0.28 and one for 8.2 for 8.19.
#
# Guessed: a size with two digits, which is as many as the market takes, is what the order is for; further digits are cut off.
# Seen: a size times 100 is cut to a whole number as a float, so the 4,586 of the first 100,000 sizes whose product falls a little short lose a
# hundredth: 1.13 * 100 is 112.99999999999999. Limit and market orders of both sides do. Of sizes below 10, every twelfth does.
# What follows: a position of 0.29 that is sold leaves 0.01, fills do not add up to what was ordered, and a book by order size differs
# from one by fills; book what comes back, or order a size that has been raised by a billionth.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check py_clob_client==0.34.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

from eth_account import Account
from py_clob_client.order_builder.builder import ROUNDING_CONFIG, OrderBuilder
from py_clob_client.signer import Signer

builder = OrderBuilder(Signer(Account.create().key.hex(), 137))


def made(size, side="SELL"):
    """Hundredths of a share that an order at 0.5 is made for."""
    _, gives, takes = builder.get_order_amounts(side, size, 0.5, ROUNDING_CONFIG["0.01"])
    return (gives if side == "SELL" else takes) // 10_000


for size in (0.29, 1.13, 8.2, 100.0):
    print(f"py_clob_client {version('py_clob_client')}: {size} shares: sells {made(size) / 100}, buys {made(size, 'BUY') / 100}")
less = [hundredths for hundredths in range(1, 100_001) if made(hundredths / 100) != hundredths]
few = sum(1 for hundredths in less if hundredths < 1_000)
print(f"of 100,000 sizes {len(less)} are made smaller, of those below 10 {few}: {', '.join(str(each / 100) for each in less[:8])} and so on")
assert [made(size) for size in (0.29, 1.13, 8.2, 100.0)] == [28, 112, 819, 10_000], "sizes are cut as decimals now"
assert [made(size, "BUY") for size in (0.29, 1.13, 8.2, 100.0)] == [28, 112, 819, 10_000]
assert len(less) == 4_586
PYTHON
