"""When candles were: a date and a time of day in two columns, and the zone that the name of a column says."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path

import pytest
from each_case import each_case

from strategic_memory_server.regimes.price_files import read_prices
from strategic_memory_server.regimes.prices import PricesError
from strategic_memory_server.replay.written.ways import Declared

AT_MS = 1_704_447_000_000
HOUR_MS = 3_600_000

CANDLES = [
    "Date,Time,Close\n2024-01-05,09:30,1\n2024-01-05,10:30,2\n",
    "<DATE>\t<TIME>\t<OPEN>\t<CLOSE>\n2024.01.05\t09:30:00\t1\t1\n2024.01.05\t10:30:00\t1\t2\n",
    "date,open_time,close\n20240105,093000,1\n20240105,103000,2\n",
    "Date,Time (UTC+2),Close\n2024-01-05,11:30,1\n2024-01-05,12:30,2\n",
    "Date (UTC+2),Close\n2024-01-05 11:30,1\n2024-01-05 12:30,2\n",
    "Time,Time (UTC),Close\n2024-01-05 11:30,2024-01-05 09:30,1\n2024-01-05 12:30,2024-01-05 10:30,2\n",
    "Date,Close,Close (UTC)\n2024-01-05 09:30,1,2024-01-05 10:30\n2024-01-05 10:30,2,2024-01-05 11:30\n",
    "Gmt time,Open,Close\n05.01.2024 09:30:00.000,1,1\n05.01.2024 10:30:00.000,1,2\n",
    "Date,Close/Last,Open\n01/05/2024 09:30 AM,1,1\n01/05/2024 10:30 AM,2,1\n01/13/2024 10:30 AM,0,1\n",
    "date,close,adjClose\n2024-01-05 09:30,8,1\n2024-01-05 10:30,2,2\n",
    "timestamp,close,adjusted_close\n2024-01-05 09:30,8,1\n2024-01-05 10:30,2,2\n",
    "time,date,close\n1704447000,2024-01-05,1\n1704450600,2024-01-05,2\n",
]


@each_case("candles", CANDLES)
def test_a_day_is_no_midnight_beside_a_time_of_day_and_zones_of_names_count(candles: str, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(candles)
    (prices,) = read_prices([tmp_path / "prices.csv"], {}).values()
    assert (list(prices.times_ms), list(prices.closes)) == ([AT_MS, AT_MS + HOUR_MS], [1.0, 2.0])
    assert prices.repeated == 0


def test_a_zone_that_contradicts_the_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(CANDLES[4])
    with pytest.raises(PricesError, match=r"'Date \(UTC\+2\)' says the zone UTC\+02:00, and --zone UTC\+01:00"):
        read_prices([tmp_path / "prices.csv"], {}, Declared(zone=timezone(timedelta(hours=1))))
