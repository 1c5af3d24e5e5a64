#!/usr/bin/env bash
# investing-algorithm-framework 8.10.0: 100 trades that earned 10 % each have a median of 0.1 %, and an account that lost all a drawdown of 10 %.
#
# Guessed: `get_median_trade_return` gives the median result in money and the median of what each trade earned on its own cost, as the average
# beside it does; an account that falls from 1,000 to 900 and to nothing has a drawdown of 100 %.
# Seen: the median in money is divided by the costs of all trades together, so it is the smaller the more of them there are: 10 % of one trade,
# 1 % of ten, 0.1 % of a hundred, where the average stays 10 %. The report of a backtest has it as `median_trade_return_percentage`. A value of 0
# is left out of the drawdown, and is no drawdown in its series: 10 % and 0, where what is left of 100 has 90 %. The drawdown in money is 1,000.
# What follows: a median that is far below the average looks like a few lucky trades, and an account that is
# gone passes a limit of drawdown that one with a tenth left does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
# What its figures need; the framework needs more.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==2.4.6 pandas==2.3.3 polars==2.1.0 \
    msgpack==1.2.4 python-dateutil==2.9.0.post0 tqdm==4.67.1 zstandard==0.25.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps investing-algorithm-framework==8.10.0
"$folder/venv/bin/python" -W ignore - "$folder"/venv/lib/python3*/site-packages/investing_algorithm_framework <<'PYTHON'
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from statistics import median
from types import ModuleType

# The packages without what they import for the rest of the framework.
for package, folder in (("investing_algorithm_framework", ""), ("investing_algorithm_framework.services", "/services")):
    sys.modules[package] = ModuleType(package)
    sys.modules[package].__path__ = [sys.argv[1] + folder]

from investing_algorithm_framework.domain.models import PortfolioSnapshot, Trade  # noqa: E402
from investing_algorithm_framework.services import metrics  # noqa: E402

name = f"investing-algorithm-framework {version('investing-algorithm-framework')}"
start = datetime(2024, 1, 1, tzinfo=timezone.utc)


def trade(number, cost, gain):
    opened, amount = start + timedelta(days=number), cost / 100
    return Trade(number, [], "BTC", "EUR", opened + timedelta(days=1), opened, 100, amount, 0, cost, 0, amount, "CLOSED", net_gain=gain)


told = {}
for number in (1, 10, 100):
    trades = [trade(row, 1_000, 100) for row in range(number)]
    # By hand: each trade earned 100 on its own 1,000.
    by_hand = median(one.net_gain / one.cost for one in trades)
    told[number] = tuple(round(figure, 6) for figure in (metrics.get_median_trade_return(trades)[1], metrics.get_average_trade_return(trades)[1]))
    print(f"{name}: {number} trades, 100 on 1,000 each: median {told[number][0]:.1%}, average {told[number][1]:.1%}; by hand {by_hand:.1%}")
    assert by_hand == 0.1
falls = {}
for last in (100.0, 0.0):
    values = [1_000.0, 900.0, last]
    days = [PortfolioSnapshot(total_value=value, net_size=value, created_at=start + timedelta(days=day)) for day, value in enumerate(values)]
    series = [round(share, 3) for share, _ in metrics.get_drawdown_series(days)]
    falls[last] = (round(metrics.get_max_drawdown(days), 3), series, metrics.get_max_drawdown_absolute(days))
    print(f"{name}: {values}: drawdown {falls[last][0]:.0%}, day by day {series}, in money {falls[last][2]:,.0f}; by hand {1 - last / 1_000:.0%}")
assert told == {1: (0.1, 0.1), 10: (0.01, 0.1), 100: (0.001, 0.1)}, "the median is of each trade's own cost now"
assert falls[100.0] == (0.9, [0.0, -0.1, -0.9], 900.0)
assert falls[0.0] == (0.1, [0.0, -0.1, 0.0], 1_000.0), "an account that is gone has a drawdown now"
PYTHON
