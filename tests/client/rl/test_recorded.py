"""RecordedAdvice: strictly before, the same as the replay's own decisions, forwards, backwards and in copies."""

from __future__ import annotations

import copy
import csv
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable
from replay_files import random_rows, write_csv

from strategic_memory_client import FeedbackStatus, Policy
from strategic_memory_client.rl import SAFE_ADVICE, AdviceFileError, HeldAdvice, RecordedAdvice
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.replay.command import run_replay
from strategic_memory_server.replay.judging.options import ReplayOptions

MS = 1_000_000


@pytest.fixture(scope="module", params=[".csv", ".parquet"])
def advice_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("advice")
    record = write_csv(folder / "record.csv", random_rows(5, 300))
    out: Path = folder / f"advice{request.param}"
    options = ReplayOptions(
        files=(record,),
        out=folder / "report",
        advice_out=out,
        reference_every=1,
        advice=AdviceSettings(rules=Rules.EVIDENCE),
    )
    assert run_replay(options, quiet=True) == 0
    return out


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.with_suffix(".csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def time_of(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["known_at"])


def test_at_each_moment_it_is_what_the_replay_decided_before(advice_file: Path) -> None:
    record = RecordedAdvice.from_file(advice_file)
    if advice_file.suffix != ".csv":
        pytest.importorskip("pyarrow.parquet").read_table(advice_file).to_pandas().to_csv(
            advice_file.with_suffix(".csv"), index=False
        )
    rows = rows_of(advice_file)
    assert len(record) == len(rows) > 100
    cursors = {which: record.cursor(of_current=which) for which in (False, True)}
    us = timedelta(microseconds=1)
    moments = sorted({time_of(row) + shift for row in rows for shift in (-us, 0 * us, us)})
    for moment in moments:
        before = [row for row in rows if time_of(row) < moment]
        for which, prefix in ((False, ""), (True, "current_")):
            found = record.at(moment, of_current=which)
            assert cursors[which].at(moment) is found
            if not before:
                assert found is SAFE_ADVICE
                continue
            row = before[-1]
            assert (found.revision, found.status) == (int(float(row["revision"])), FeedbackStatus[row["status"]])
            if row[f"{prefix}policy"]:
                assert found.policy is Policy[row[f"{prefix}policy"]]
                assert found.leverage == pytest.approx(float(row[f"{prefix}leverage"]))
                assert found.confidence == pytest.approx(float(row[f"{prefix}confidence"]))
            else:
                assert (found.policy, found.confidence) == (Policy.CONSERVATIVE, 0.0)
                assert found.leverage <= 1.0
            if row["probability_best_balanced"]:
                assert found.probability_best is not None
                assert found.probability_best[1] == pytest.approx(float(row["probability_best_balanced"]))
            assert found.current_regime == row["current_regime"]


@repeatable(60)
@given(
    known=st.lists(st.integers(0, 50), min_size=1, max_size=20).map(sorted),
    asked=st.lists(st.integers(0, 60), max_size=30),
)
def test_a_cursor_says_what_a_search_does_in_any_order(known: list[int], asked: list[int]) -> None:
    held = [HeldAdvice(revision=number) for number in range(1, len(known) + 1)]
    record = RecordedAdvice([each * MS for each in known], held, held)
    cursor = record.cursor()
    for moment in asked:
        expected = [advice for at, advice in zip(known, held, strict=True) if at < moment]
        assert cursor.at(moment) is record.at(moment) is (expected[-1] if expected else SAFE_ADVICE)


def test_every_kind_of_moment_is_the_same_one() -> None:
    held = [HeldAdvice(revision=1), HeldAdvice(revision=2)]
    record = RecordedAdvice([0, 1_700_000_000_000 * MS], held, held)
    at = datetime.fromtimestamp(1_700_000_000, UTC)
    same: list[Any] = [1_700_000_000_000, np.int64(1_700_000_000_000), at, np.datetime64(1_700_000_000, "s")]
    assert {record.at(moment).revision for moment in same} == {1}
    later: list[Any] = [
        1_700_000_000_001,
        at + timedelta(microseconds=1),
        np.datetime64(1_700_000_000_000_000_001, "ns"),
    ]
    assert {record.at(moment).revision for moment in later} == {2}
    for wrong, said in (
        (datetime(2024, 1, 1), "needs its zone"),  # noqa: DTZ001
        (1.5, "is no time"),
        ("2024-01-01", "is no time"),
        (np.datetime64("NaT"), "NaT"),
        (True, "is no time"),
        # Nanoseconds, as Timestamp.value of pandas, and microseconds: they would be after all that was advised.
        (1_700_000_000 * 10**9, "in milliseconds since 1970: give micro- or nanoseconds"),
        (np.int64(1_700_000_000 * 10**6), "in milliseconds since 1970: give micro- or nanoseconds"),
    ):
        with pytest.raises(ValueError, match=said):
            record.at(wrong)  # type: ignore[arg-type]


def test_a_copy_is_itself_and_a_pickle_says_the_same(advice_file: Path) -> None:
    record = RecordedAdvice.from_file(advice_file)
    assert copy.deepcopy({"advice": record})["advice"] is copy.copy(record) is record
    again = pickle.loads(pickle.dumps(record))  # noqa: S301
    moment = np.datetime64("2100-01-01")
    assert again.at(moment) == record.at(moment)


@pytest.mark.parametrize("advice_file", [".csv"], indirect=True)
def test_what_cannot_be_used_is_named(tmp_path: Path, advice_file: Path) -> None:
    text = advice_file.with_suffix(".csv").read_text()
    head, first, *_ = text.splitlines()
    for name, content, said in (
        ("none.csv", None, "cannot be read"),
        ("other.csv", "a,b\n1,2\n", "has no column 'format_version'; make the file with"),
        ("newer.csv", f"{head}\n2{first[1:]}\n", "row 1: format_version '2' is none that is known"),
        (
            "without.csv",
            "format_version,known_at\n2,x\n",
            "format_version '2' is none .* a later version .* install that",
        ),
        ("policy.csv", f"{head}\n{first.replace('CONSERVATIVE', 'BOLD')}\n", "policy 'BOLD' is none that is known"),
        ("cut.csv", f"{head}\n{first[:40]}\n", "cut off"),
        ("twice.csv", f"{head},leverage\n{first},0\n", "names the column 'leverage' twice"),
        ("back.csv", "\n".join([head, text.splitlines()[-1], first]) + "\n", "must not go back"),
        ("empty.csv", "", "is no CSV file"),
        ("no.parquet", "x", "is no Parquet file"),
    ):
        file = tmp_path / name
        if content is not None:
            file.write_text(content)
        with pytest.raises(AdviceFileError, match=said):
            RecordedAdvice.from_file(file)
