"""The same trades in two files, at other times or rounded otherwise: refused where no ids tell them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from each_case import each_case
from replay_records import record_of

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.column_map import parse_map

PNL = [3.5, -2.254, 4.1, 5.75, -1.5, 2.0, 7.25, -3.0, 1.25, 6.5, -4.75, 8.019]
BEGIN = datetime(2024, 1, 5, 9, 30)  # noqa: DTZ001  written without a zone


def write(path: Path, pnl: list[float], *, later: timedelta, digits: int = 9, ids: str = "") -> Path:
    closed = (f"{BEGIN + later + timedelta(hours=5 * number):%Y-%m-%d %H:%M}" for number in range(len(pnl)))
    numbered = (ids and f"{ids}{number}" for number in range(len(pnl)))
    rows = (f"{at},{round(earned, digits)},{trade}" for at, earned, trade in zip(closed, pnl, numbered, strict=True))
    path.write_text("exit time,profit,trade_id\n" + "\n".join(rows) + "\n")
    return path


@each_case("later", [timedelta(hours=2), timedelta(minutes=-1)])
@each_case("digits", [2, 9])
def test_the_same_results_in_two_files_are_an_error(digits: int, later: timedelta, tmp_path: Path) -> None:
    first = write(tmp_path / "first.csv", PNL, later=timedelta())
    again = write(tmp_path / "again.csv", [9.5, *PNL[1:], 0.75], later=later, digits=digits)
    with pytest.raises(
        ReplayError, match=r"first.csv and .*again.csv: 11 of their results are the same to (3|15) digits"
    ):
        record_of(first, again)


@each_case("later", [timedelta(hours=2), timedelta(minutes=-1)])
@each_case("digits", [2, 9])
def test_an_export_that_goes_on_from_within_another_is_an_error(digits: int, later: timedelta, tmp_path: Path) -> None:
    earned = [*PNL, *(round(each * 1.37, 2) for each in PNL)]
    first = write(tmp_path / "first.csv", earned[:16], later=timedelta())
    next_one = write(tmp_path / "next.csv", earned[11:], later=later + timedelta(hours=55), digits=digits)
    with pytest.raises(ReplayError, match=r"the last 5 results of one are the first of the other to (3|15) digits"):
        record_of(first, next_one)
    with pytest.raises(ReplayError, match=r"the last 5 results of one are the first of the other to (3|15) digits"):
        record_of(next_one, first)
    after = write(tmp_path / "after.csv", earned[12:], later=later + timedelta(hours=60), digits=digits)
    assert len(record_of(first, after)) == 28


@each_case("ids", [("T", ""), ("", "T")])
def test_ids_in_one_of_two_files_tell_nothing(ids: tuple[str, str], tmp_path: Path) -> None:
    files = [
        write(tmp_path / f"{place}.csv", PNL, later=timedelta(hours=place), ids=each) for place, each in enumerate(ids)
    ]
    with pytest.raises(ReplayError, match=r"12 of their results are the same to 15 digits.* or a trade_id in both"):
        record_of(*files)


def test_other_results_ids_and_results_of_few_sizes_are_read(tmp_path: Path) -> None:
    later = timedelta(days=30)
    for name, one, other, ids in (
        ("others", PNL, [earned * 1.5 for earned in PNL], ""),
        ("a week beside years", PNL, [number / 100 for number in range(1, 3_000)], ""),
        ("bets", [1.0, -1.0] * 10, [1.0, -1.0] * 10, ""),
        ("told apart", PNL, PNL, "T"),
    ):
        first = write(tmp_path / f"{name}_1.csv", one, later=timedelta(), ids=ids and ids + "1")
        second = write(tmp_path / f"{name}_2.csv", other, later=later, ids=ids and ids + "2")
        assert len(record_of(first, second)) == len(one) + len(other)


@each_case("digits", [2, 9])
def test_results_that_are_mapped_in_both_files_are_meant(digits: int, tmp_path: Path) -> None:
    first = write(tmp_path / "first.csv", PNL, later=timedelta())
    again = write(tmp_path / "again.csv", PNL, later=timedelta(hours=2), digits=digits)
    maps: list[str] = []
    for file in (first, again):
        meant = f"{file}:realized_pnl=profit"
        with pytest.raises(ReplayError, match=re.escape(f"are they others, map the results of each, --map '{meant}'")):
            record_of(first, again, names=parse_map(maps))
        maps.append(meant)
    assert len(record_of(first, again, names=parse_map(maps))) == 2 * len(PNL)


@each_case("policies", [("BALANCED", "AGGRESSIVE"), ("BALANCED", "BALANCED"), ("BALANCED", "")])
def test_the_same_results_of_another_policy_are_other_trades(policies: tuple[str, str], tmp_path: Path) -> None:
    files = [write(tmp_path / f"{place}.csv", PNL, later=timedelta(hours=place)) for place in range(2)]
    for file, policy in zip(files, policies, strict=True):
        head, *rows = file.read_text().splitlines()
        file.write_text("\n".join([f"{head},policy", *(f"{row},{policy}" for row in rows)]))
    if policies == ("BALANCED", "AGGRESSIVE"):
        assert len(record_of(*files)) == 2 * len(PNL)
        return
    with pytest.raises(ReplayError, match=r"12 of their results are the same to 15 digits"):
        record_of(*files)


@pytest.mark.filterwarnings("error")
def test_results_that_are_hardly_numbers_are_read_without_a_word(tmp_path: Path) -> None:
    files = [tmp_path / "first.csv", tmp_path / "other.csv"]
    for days, file in enumerate(files, 1):
        write(file, [days * earned * 1e-310 for earned in PNL], later=timedelta(days=days), digits=330)
    assert len(record_of(*files)) == 2 * len(PNL)
