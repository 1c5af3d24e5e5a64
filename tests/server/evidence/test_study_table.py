"""The table: what holds, what falls short and by how much, and what the run ends with."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from each_case import each_case

from study.calibration import calibration_error
from study.options import Options
from study.row import Row, at_least, at_most
from study.table import lines

ROOT = Path(__file__).parents[3]


@each_case(
    ("row", "short", "verdict"),
    [
        (Row("a", 0.60, at_least(0.61, 0.02)), False, "holds"),
        (Row("a", 0.58, at_least(0.61, 0.02)), False, "falls short by 0.01"),
        (Row("a", 0.03, at_most(0.02)), False, "falls short by 0.01"),
        (Row("a", 0.02, at_most(0.02)), False, "holds"),
        (Row("a", 0.03, at_most(0.02), 0.004), False, "falls short by 0.01"),
        (Row("a", 0.03, at_most(0.02), 0.004), True, "holds"),
        (Row("a", 0.04, at_most(0.02), 0.004), True, "falls short by 0.02"),
        (Row("a", 0.03, at_most(0.02), limit="known"), False, "falls short by 0.01 (known)"),
        (Row("a", 0.01, at_most(0.02), limit="known"), False, "holds"),
        (Row("a", math.nan, at_most(0.02)), True, "not measured"),
        (Row("a", math.inf, at_most(0.02)), True, "falls short by inf"),
        (Row("a", 5.0, remark="beside"), False, "beside"),
    ],
)
def test_verdicts(row: Row, short: bool, verdict: str) -> None:
    assert row.verdict(short=short) == verdict


def test_what_was_not_measured_does_not_hold() -> None:
    row = Row("a", math.nan, at_most(0.02))
    assert not row.holds(short=True)
    assert lines([row], short=True)[1].split() == ["a", "≤", "0.02", "not", "measured"]


def test_columns_are_aligned() -> None:
    head, one, other = lines(
        [Row("long name", 0.123456, at_least(0.1, 0.02), 0.01), Row("b", 2.5, unit="µs")], short=False
    )
    assert one.split("  ")[0] == "long name"
    assert one.index("≥ 0.1 ± 0.02") == head.index("hold")
    assert one.index("0.1235") == other.index("2.5 µs") == head.index("measured")


def test_parts_draw_their_own_numbers() -> None:
    options = Options(seed=5)
    assert options.generator("a").random() == options.generator("a").random()
    assert options.generator("a").random() != options.generator("b").random()
    assert options.generator("a").random() != Options(seed=6).generator("a").random()


def test_calibration_error_by_hand() -> None:
    said = np.array([[0.25, 0.75], [0.25, 0.75], [0.25, 0.75], [0.25, 0.75]])
    happened = np.array([[False, True], [False, True], [False, True], [True, False]])
    error, _ = calibration_error(np.random.default_rng(1), said, happened)
    assert error == 0.0
    error, _ = calibration_error(np.random.default_rng(1), said, ~happened)
    assert error == pytest.approx(0.5)


@pytest.mark.processes
def test_the_command_refuses_what_makes_no_sense() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "study", "--worlds", "0"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--worlds has to be at least 1" in done.stderr
