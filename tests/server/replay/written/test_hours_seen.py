"""Times with no hour above 12: told, since a clock of twelve hours may have lost its AM and PM."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from each_case import each_case
from replay_records import csv_of

from strategic_memory_server.replay.written.hours_seen import MAY_BE_HALVES

HOURS = [datetime(2024, 1, 13) + timedelta(hours=5 * number) for number in range(30)]  # noqa: DTZ001  as it is written


def told(folder: Path, form: str, times: list[datetime]) -> str:
    rows = "".join(f'"{at.strftime(form)}",{1 + number}\n' for number, at in enumerate(times))
    (ways,) = csv_of(folder, f"time,realized_pnl\n{rows}").written.values()
    return ways["time"]


FORMS = ["%Y-%m-%d {}:%M:%S", "%Y-%m-%dT{}:%M:%S+00:00", "%m/%d/%Y {}:%M", "%d.%m.%Y, {}:%M", "%a %d %b %Y {}:%M"]


@each_case("form", FORMS)
def test_hours_to_12_over_days_are_told(form: str, tmp_path: Path) -> None:
    assert MAY_BE_HALVES in told(tmp_path, form.format("%I"), HOURS)
    # A later hour, wherever it is, or midnight as 0 shows that nothing is missing.
    assert MAY_BE_HALVES not in told(tmp_path, form.format("%H"), HOURS)
    to_noon = [at for at in HOURS if 1 <= at.hour <= 12]
    assert MAY_BE_HALVES in told(tmp_path, form.format("%H"), to_noon * 100)
    for hour in (0, 13):
        late = to_noon * 100 + [HOURS[0].replace(hour=hour)]
        assert MAY_BE_HALVES not in told(tmp_path, form.format("%H"), late)


def test_halves_that_are_named_are_not_missing(tmp_path: Path) -> None:
    assert MAY_BE_HALVES not in told(tmp_path, "%m/%d/%Y %I:%M %p", HOURS)


def test_days_alone_and_one_hour_of_each_are_no_question(tmp_path: Path) -> None:
    assert MAY_BE_HALVES not in told(tmp_path, "%Y-%m-%d", HOURS)
    assert MAY_BE_HALVES not in told(tmp_path, "%Y-%m-%d 09:30", HOURS)
    assert MAY_BE_HALVES not in told(tmp_path, "2024-01-05 %I:%M", HOURS)
