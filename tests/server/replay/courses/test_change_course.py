"""The evidence with change in a replay: it is compared where it is named, and advises a data set."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from replay_files import random_rows, write_csv

from strategic_memory_server.cli.replay import replay


@pytest.mark.parametrize(
    ("flags", "there"), [((), False), (("--against", "change,fixed"), True), (("--against", "all"), True)]
)
def test_the_report_compares_it_where_it_is_named(flags: tuple[str, ...], there: bool, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(1, 200))
    done = CliRunner().invoke(replay, [str(path), "--out", str(tmp_path / "out"), *flags])
    assert done.exit_code == 0, done.output
    assert ("change now: " in done.output) == there
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert ("change" in report["rules"]) == there
    assert ("change" in report["advice"]) == there


def test_it_advises_a_data_set(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(2, 300))

    def advised(rules: str) -> list[str]:
        flags = ["--out", str(tmp_path / "out"), "--advice-out", str(tmp_path / "advice.csv"), "--advice-rules", rules]
        done = CliRunner().invoke(replay, [str(path), *flags, "--against", "fixed"])
        assert done.exit_code == 0, done.output
        with (tmp_path / "advice.csv").open(newline="") as file:
            return [row["confidence"] for row in csv.DictReader(file)]

    with_change, without = advised("change"), advised("evidence")
    assert len(with_change) == len(without)
    assert with_change != without


def test_what_advises_a_data_set_changes_no_rule_that_is_compared(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(3, 400))

    def compared(rules: str) -> list[object]:
        flags = ["--out", str(tmp_path / "out"), "--advice-out", str(tmp_path / "advice.csv"), "--advice-rules", rules]
        done = CliRunner().invoke(replay, [str(path), *flags, "--against", "reference,evidence,exploring,change"])
        assert done.exit_code == 0, done.output
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        return [report[part] for part in ("advice", "differences", "reliability")]

    assert compared("change") == compared("evidence") == compared("exploring") == compared("reference")


@pytest.mark.parametrize(
    "flags", [("--advice-rules", "exploring"), ("--advice-rules", "reference"), ("--leverage-guard",)]
)
def test_flags_of_a_data_set_that_is_not_written_are_refused(flags: tuple[str, ...], tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(3, 40))
    done = CliRunner().invoke(replay, [str(path), "--out", str(tmp_path / "out"), *flags])
    assert (done.exit_code, f"{flags[0]} is of the data set of --advice-out" in done.output) == (2, True)
