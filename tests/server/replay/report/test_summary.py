"""The summary on the terminal: what was read of each table, wherever in a file it lies."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.replay.command import run_replay
from strategic_memory_server.replay.judging.options import ReplayOptions

TRADES = "time,realized_pnl\n2024-01-05,1.5%\n2024-01-06,-0.5%\n2024-01-07,2%\n"


@pytest.mark.parametrize("name", ["trades.csv", "exports.zip"])
def test_how_a_column_is_written_is_told_of_a_file_and_of_a_table_within_one(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("january.csv", TRADES)
    else:
        file.write_text(TRADES)
    assert run_replay(ReplayOptions(files=(file,), out=tmp_path / "report"), quiet=False) == 0
    assert "realized_pnl: percent, read as fractions" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("names", "rows", "said"),
    [
        ("time,regime,pnl", ["BULL,0.4", "BEAR,-0.3"], ["none of the rows is a trade: if they are, give --kind trade"]),
        ("time,regime,realized_pnl", ["BULL,0.4", "BEAR,-0.3"], ["no entry names a policy"]),
        ("time,regime,policy,realized_pnl", ["BULL,BALANCED,0.4", "BEAR,BALANCED,-0.3"], []),
        ("time,regime,realized_pnl,pnl_aggressive", ["BULL,0.4,0.5", "BEAR,-0.3,-0.4"], []),
        ("time,regime,policy,realized_pnl", ["BULL,BALANCED,412.5", "BEAR,BALANCED,-30.25"], ["lost more than 221"]),
        (
            "time,regime,policy,realized_pnl",
            ["BULL,BALANCED,0.0041", "BEAR,BALANCED,-0.003"],
            ["lost less than 0.00355"],
        ),
    ],
)
def test_what_a_record_cannot_tell_is_said(
    names: str, rows: list[str], said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trades.csv"
    file.write_text("\n".join([names, *(f"2024-01-0{day},{row}" for day, row in enumerate(rows, 1))]) + "\n")
    assert run_replay(ReplayOptions(files=(file,), out=tmp_path / "report"), quiet=False) == 0
    summary = capsys.readouterr().out
    hints = ("none of the rows is a trade", "no entry names a policy", "mean little here")
    assert all(each in summary for each in said)
    assert sum(hint in summary for hint in hints) == len(said)


def test_names_that_look_alike_and_confidences_that_are_none_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "regimes.csv"
    seen = ["BULL,0.7", "\u0412ULL,80", "BULL,-1", "1,0", "1.0,1", "1,0.5", "1.05,0.5"]
    rows = (f"2024-01-0{day},0.1,{each}" for day, each in enumerate(seen, 1))
    file.write_text("\n".join(["time,pnl,regime,confidence", *rows]) + "\n")
    assert run_replay(ReplayOptions(files=(file,), out=tmp_path / "report"), quiet=False) == 0
    summary = capsys.readouterr().out
    assert "2 rows name a regime that looks like another one, '\\u0412ULL' beside 'BULL', and count apart" in summary
    assert "2 rows have a confidence that is not from 0 to 1: it counts as none" in summary


def test_each_rule_says_of_which_regime_it_advises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trades.csv"
    trades = ["BULL,0.4"] * 6 + ["BEAR,-0.3"] * 3
    rows = (f"2024-01-0{day},{trade}" for day, trade in enumerate(trades, 1))
    file.write_text("\n".join(["time,regime,realized_pnl", *rows]) + "\n")
    assert run_replay(ReplayOptions(files=(file,), out=tmp_path / "report"), quiet=False) == 0
    summary = capsys.readouterr().out
    assert "\nreference now: AGGRESSIVE in the preferred regime BULL, 1 changes so far\n" in summary
    assert "\nevidence now: CONSERVATIVE in the current regime BEAR, 0 changes so far\n" in summary


def test_without_a_regime_no_rule_advises_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trades.csv"
    trades = (f"{86_400 * day},{2 * day % 3},{('CONSERVATIVE', 'AGGRESSIVE')[day % 2]}" for day in range(1, 99))
    file.write_text("\n".join(["time,realized_pnl,policy", *trades]) + "\n")
    assert run_replay(ReplayOptions(files=(file,), out=tmp_path / "report"), quiet=False) == 0
    summary = capsys.readouterr().out
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    for rule in ("reference", "evidence", "exploring"):
        assert f"\n{rule} now: CONSERVATIVE without a regime, 0 changes so far\n" in summary
        nothing = {"policy": "CONSERVATIVE", "regime": None, "confidence": None, "probability_best": None}
        assert report["advice"][rule]["now"] == nothing
        assert report["advice"][rule]["share_without_advice"] == 1.0


@pytest.mark.parametrize(("decay", "is_told"), [(0.95, True), (0.951, False)])
def test_trades_that_are_forgotten_too_fast_for_a_policy_to_be_recommended_are_told(
    decay: float, is_told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trades.csv"
    file.write_text("time,regime,policy,realized_pnl\n2024-01-05,BULL,BALANCED,0.4\n2024-01-06,BULL,BALANCED,0.3\n")
    advice = AdviceSettings(evidence=EvidenceSettings(decay=decay))
    assert run_replay(ReplayOptions(files=(file,), out=tmp_path / "report", advice=advice), quiet=False) == 0
    assert ("evidence never leaves CONSERVATIVE: with --decay 0.95" in capsys.readouterr().out) is is_told
