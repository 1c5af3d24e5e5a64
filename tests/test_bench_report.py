"""What `make bench` says of its figures: the table, the JSON beside it, and its flags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from processes import REPOSITORY

from benchmarks import __main__ as bench
from benchmarks.harness.checkout import OURS, checkout
from benchmarks.harness.measure import Direction, Hold, Measure, Of
from benchmarks.harness.report import report

ROUNDS = {"ours": [3.0, 4.0, 9.0], "floor": [2.0, 4.0, 3.0], "theirs": [6.0, 16.0, 9.0]}


def row(hold: Hold | None, *sides: str) -> Measure:
    return Measure.of("a row", "ms", {side: ROUNDS[side] for side in sides}, float, hold)


def test_ratios_are_taken_round_by_round_and_a_hold_is_on_what_it_names() -> None:
    over_floor = row(Hold(Direction.AT_MOST, 1.2), *ROUNDS)
    assert over_floor.ratios == [1.5, 1.0, 3.0]
    assert over_floor.ratios_to_theirs == [0.5, 0.25, 1.0]
    assert (over_floor.held, over_floor.verdict) == (1.5, "falls short by 25.0%")
    assert row(Hold(Direction.AT_MOST, 4.0, Of.OURS), *ROUNDS).verdict == "holds"
    assert row(Hold(Direction.AT_LEAST, 8.0, Of.OURS), *ROUNDS).verdict == "falls short by 50.0%"
    of_theirs = Hold(Direction.AT_MOST, 0.4, Of.THEIRS)
    assert row(of_theirs, *ROUNDS).verdict == "falls short by 25.0%"
    assert row(of_theirs, "ours", "floor").verdict == ""


def test_sides_have_the_same_rounds() -> None:
    with pytest.raises(ValueError, match="a row: 3 rounds of ours, 2 of the other checkout"):
        Measure("a row", "ms", ROUNDS["ours"], theirs=[1.0, 2.0])
    with pytest.raises(ValueError, match="a row: no round was measured"):
        Measure("a row", "ms", [])


def test_the_table_and_the_json_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    report(file, "A title", [row(Hold(Direction.AT_MOST, 1.2), *ROUNDS), row(None, "ours")], ["A note."])
    table = capsys.readouterr().out
    assert "theirs" in table
    assert "4.00 ms  3.00 ms  1.50   1.00 to 3.00  9.00 ms  0.50         0.25 to 1.00  ≤ 1.2" in table
    assert table.endswith("  A note.\n")
    figures = json.loads(file.read_text())
    assert figures["title"] == "A title"
    assert figures["notes"] == ["A note."]
    first, second = figures["rows"]
    assert {side: first[side] for side in ROUNDS} == ROUNDS
    assert (first["ratio"], first["ratio_to_theirs"], first["verdict"]) == (1.5, 0.5, "falls short by 25.0%")
    assert (second["ratio"], second["hold"], second["theirs"]) == (None, None, [])


def test_without_another_checkout_the_table_has_no_columns_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    report(None, "A title", [row(None, "ours", "floor")])
    assert "theirs" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["get_feedbak"], "no such measure: get_feedbak; there are entry_to_subscriber, "),
        (["--against", "/nowhere"], "/nowhere is no checkout: it has no server/strategic_memory_server"),
        (["--rounds", "0"], "invalid positive value: '0'"),
    ],
)
def test_a_wrong_flag_is_named(
    flags: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", *flags])
    with pytest.raises(SystemExit):
        bench.main()
    assert said in capsys.readouterr().err


def test_another_checkout_runs_with_its_own_interpreter_where_it_has_one(tmp_path: Path) -> None:
    package = tmp_path / "server" / "strategic_memory_server"
    package.mkdir(parents=True)
    (package / "__main__.py").touch()
    assert checkout(str(tmp_path)).python == OURS.python
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    other = checkout(str(tmp_path))
    assert other.server_command("serve") == [str(python), "-m", "strategic_memory_server", "serve"]
    assert other.environment["PYTHONPATH"].split(":")[1] == str(tmp_path / "server")


def test_every_measure_is_run_and_described() -> None:
    files = {file.stem for file in (REPOSITORY / "benchmarks").glob("[a-z]*.py")}
    assert set(bench.MEASURES) == files
    described = (REPOSITORY / "docs" / "benchmarks.md").read_text()
    assert not [name for name in bench.MEASURES if f"| `{name}` |" not in described]
