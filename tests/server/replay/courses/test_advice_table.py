"""The advice as a data set: what a client would have held, joined as of a time; in both formats the same."""

from __future__ import annotations

import csv
from bisect import bisect_left
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from replay_courses import EVIDENCE
from replay_files import in_order, random_rows, write_csv
from replay_records import read, silent

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.command import run_replay
from strategic_memory_server.replay.courses.advice_table import COLUMNS
from strategic_memory_server.replay.courses.evidence_course import evidence_courses
from strategic_memory_server.replay.courses.reference_course import reference_course
from strategic_memory_server.replay.courses.served_advice import served_advice
from strategic_memory_server.replay.judging.options import ReplayOptions

ADVICE = AdviceSettings(
    windows=WindowSettings(9, 5, 7),
    evidence=EVIDENCE,
)


def rows_of(record: Path, out: Path, ending: str = ".parquet", advice: AdviceSettings = ADVICE) -> list[dict[str, Any]]:
    file = out / f"advice{ending}"
    asked = ReplayOptions(files=(record,), out=out, advice_out=file, reference_every=1, advice=advice)
    assert run_replay(asked, quiet=True) == 0
    if ending == ".parquet":
        found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
        return found
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@pytest.mark.parametrize("seed", range(3))
def test_joined_strictly_before_each_entry_it_is_the_advice_of_the_replay(seed: int, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(seed, 250))
    record = read([path])
    course = reference_course(record, ADVICE, 1, silent)
    table = rows_of(path, tmp_path, advice=ADVICE)
    known = [milliseconds(row["known_at"]) for row in table]
    assert known == sorted(known)
    policies = set()
    for place, time_ms in enumerate(record.entries.time_ms.tolist()):
        decision = course.decisions[int(course.in_force(np.array([place]))[0])]
        held = bisect_left(known, time_ms) - 1
        if held < 0:
            assert not decision["advised"]
            continue
        row = table[held]
        assert (row["status"] == "ACTIVE") == bool(decision["advised"])
        assert row["policy"] == ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")[decision["policy"]]
        assert row["confidence"] == decision["confidence"]
        assert row["preferred_regime"] == (
            record.regime_names[decision["regime"]] if decision["advised"] else "UNKNOWN"
        )
        policies.add(row["policy"])
    assert len(policies) > 1


@pytest.mark.parametrize("explore", [False, True])
def test_by_the_evidence_the_current_regime_has_what_the_replay_recommends(explore: bool, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(4, 250))
    record = read([path])
    advice = replace(ADVICE, rules=Rules.EVIDENCE, evidence=replace(ADVICE.evidence, explore=explore))
    courses = evidence_courses(record, ADVICE.evidence, 1, silent)
    decisions = courses.recommended.decisions
    compared, probes = 0, 0
    for row, decision in zip(rows_of(path, tmp_path, advice=advice), decisions[1:].tolist(), strict=True):
        probes += bool(row["current_policy"]) and row["current_policy"] != row["evidence_policy"]
        if row["evidence_regime"] is None or decision[5] < 0:
            continue
        assert row["evidence_regime"] == record.regime_names[decision[5]]
        assert row["evidence_policy"] == ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")[decision[2]]
        assert row["evidence_confidence"] == round(decision[4], 4)
        best = [row[f"probability_best_{name}"] for name in ("conservative", "balanced", "aggressive")]
        assert best == [round(each, 4) for each in decision[6]]
        compared += 1
    assert compared > 100
    assert bool(probes) is explore


def test_a_revision_is_new_where_the_advice_is_and_what_comes_later_changes_no_row(tmp_path: Path) -> None:
    rows = in_order(random_rows(6, 200))
    cut = next(place for place in range(120, 200) if rows[place].time_ms != rows[place - 1].time_ms)
    past, whole = (
        list(served_advice(read([write_csv(tmp_path / name, part)]), ADVICE, 1, silent))
        for name, part in (("past.csv", rows[:cut]), ("whole.csv", rows))
    )
    assert past == whole[: len(past)]
    for before, after in pairwise(whole):
        same = before.feedback.advice == after.feedback.advice
        assert (before.feedback.revision == after.feedback.revision) is same
    assert 1 < whole[-1].feedback.revision < len(whole)
    assert any(each.feedback.advice.current_regime != UNKNOWN_REGIME for each in whole)


def test_both_formats_say_the_same_and_docs_name_every_column(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(2, 120))
    known, written = (rows_of(path, tmp_path / ending, ending) for ending in (".parquet", ".csv"))
    assert [list(row) for row in known[:1]] == [list(row) for row in written[:1]] == [[c.name for c in COLUMNS]]
    for row, texts in zip(known, written, strict=True):
        for name, value in row.items():
            if value is None:
                assert not texts[name]
            elif isinstance(value, datetime):
                assert datetime.fromisoformat(texts[name]) == value
            elif isinstance(value, bool):
                assert texts[name] == str(value).lower()
            else:
                assert type(value)(texts[name]) == value
    docs = (Path(__file__).parents[4] / "docs" / "replay.md").read_text()
    for column in COLUMNS:
        plain = column.name
        for policy in ("_conservative", "_balanced", "_aggressive"):
            plain = plain.removesuffix(policy) if plain != "probability_beats_conservative" else plain
        assert f"`{plain}" in docs, column.name


def test_what_cannot_be_written_is_said_before_the_work_and_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(2, 120))
    options = ReplayOptions(files=(path,), out=tmp_path / "out", advice_out=tmp_path / "record.csv" / "advice.csv")
    assert run_replay(options, quiet=True) == 1
    assert "no report can be" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
