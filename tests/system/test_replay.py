"""`strategic-memory-server replay` as a process: exit codes, words, an interrupt, the example."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import commands
import pytest
from commands import Ended
from processes import command_path, eventually
from replay_files import random_rows, write_csv

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(*arguments: str, folder: Path) -> Ended:
    return commands.run("strategic-memory-server", "replay", *arguments, folder=folder)


def test_a_record_becomes_a_report(tmp_path: Path) -> None:
    write_csv(tmp_path / "record.csv", random_rows(1, 200))
    done = run("record.csv", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "200 entries replayed" in done.out
    assert "Report: replay-report/report.html" in done.out
    assert json.loads((tmp_path / "replay-report" / "report.json").read_text())["rows"]["used"] == 200
    quiet = run("record.csv", "--quiet", "--against", "fixed,reference", folder=tmp_path)
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    report = json.loads((tmp_path / "replay-report" / "report.json").read_text())
    assert list(report["rules"]) == ["reference", "conservative", "balanced", "aggressive"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["record.csv"], 1, "needed are: time"),
        (["record.csv", "--out", "record.csv/there"], 1, "give another --out"),
        (["missing.csv"], 2, "does not exist"),
        ([], 2, "Missing argument"),
        (["record.csv", "./record.csv"], 2, "record.csv is the same file as record.csv"),
        (["record.csv", "--map", "profit=pnl"], 2, "'profit' is no column here"),
        (["record.csv", "--against", "luck"], 2, "there are fixed, all, reference"),
        (["record.csv", "--evidence-every", "0"], 2, "--evidence-every"),
        (["record.csv", "--decay", "2"], 2, "decay"),
        (["record.csv", "--advice-out", "advice.txt"], 2, "give a name that ends in .csv or .parquet"),
        (["prices.csv"], 1, "`strategic-memory-server regimes` makes regime observations of them"),
        (["open.csv"], 1, "Left out: 1 trades still open (vectorbt records). None of the rows is a result"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("a,b\n1,2\n")
    (tmp_path / "prices.csv").write_text("timestamp,open,high,low,close\n2024-01-05,1,2,1,2\n")
    (tmp_path / "open.csv").write_text(
        "Exit Trade Id,Column,Size,Entry Timestamp,Avg Entry Price,Entry Fees,Exit Timestamp,Avg Exit Price,Exit Fees,"
        "PnL,Return,Direction,Status,Position Id\n0,BTC,1,2024-01-05,1,0,2024-01-06,2,0,1,1,Long,Open,0\n"
    )
    ended = run(*arguments, folder=tmp_path)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "replay-report").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_without_a_report(number: signal.Signals, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "record.csv")
    process = subprocess.Popen(
        [command_path("strategic-memory-server"), "replay", "record.csv"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    # Opening waits until the replay reads, and it reads on for as long as this stays open.
    with (tmp_path / "record.csv").open("w") as record:
        record.write("time,pnl\n1,1\n")
        record.flush()
        process.send_signal(number)
        said, complained = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert complained == "strategic-memory-server replay: interrupted; no report was written\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["record.csv"]


def catches_both(process_id: int) -> bool:
    """Whether a process has handlers of its own for both signals, or has ended."""
    status = Path(f"/proc/{process_id}/status").read_text()
    caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    both = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1)
    return caught & both == both or "State:\tZ" in status


@pytest.mark.parametrize("seed", range(4))
def test_an_interrupt_at_any_moment_leaves_all_or_nothing(seed: int, tmp_path: Path) -> None:
    write_csv(tmp_path / "record.csv", random_rows(1, 6_000))
    out = tmp_path / "replay-report"
    process = subprocess.Popen(
        [command_path("strategic-memory-server"), "replay", "record.csv"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    # Python itself has started when it catches both signals.
    eventually(lambda: catches_both(process.pid), 30.0)
    # How far it gets is the machine's affair: that differs from run to run, and what is promised does not.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(random.Random(seed).uniform(0.0, 4.0))
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=60)
    if process.returncode == 0:
        assert (complained, sorted(file.name for file in out.iterdir())) == ("", ["report.html", "report.json"])
        assert "Report: " in said
    else:
        assert (process.returncode, said) == (130, "")
        assert complained == "strategic-memory-server replay: interrupted; no report was written\n"
        assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize(
    ("example", "report"),
    [("sp500_regimes", "report"), ("look_ahead", "random-walk--day-at-its-opening")],
)
def test_the_examples_run_or_say_what_they_need(example: str, report: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{example}.py"), "--folder", str(tmp_path)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    if importlib.util.find_spec("arch") is None:
        assert "pip install arch" in ended.stdout
    else:
        assert (tmp_path / report / "report.html").exists()
