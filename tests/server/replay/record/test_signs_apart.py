"""Results without a sign beside a column that says which are losses: they would all count as gains."""

from __future__ import annotations

from pathlib import Path

import pytest
from each_case import each_case
from replay_records import csv_of, read

from strategic_memory_server.replay.files.errors import ReplayError

PNL = [3, -2, 4, 5, -1, 2]


def table(name: str, gain: str, loss: str, *, signed: bool = False) -> str:
    rows = (
        f"2024-01-{day:02},{pnl if signed else abs(pnl)},{loss if pnl < 0 else gain}\n"
        for day, pnl in enumerate(PNL, start=1)
    )
    return f"time,profit,{name}\n{''.join(rows)}"


SAID = [
    ("result", "Win", "Loss"), ("Dr/Cr", "C", "D"), ("sign", "+", "-"), ("outcome", "TP", "SL"), ("W/L", "w", "l"),
    ("is_win", "1", "0"), ("Won", "True", "False"), ("isProfitable", "yes", "no"), ("lost", "F", "T"),
    ("is_loss", "False", "True"), ("Negative", "0", "1"), ("is profit", "Y", "N"), ("sign", "1", "-1"),
    ("pnl_sign", "1.0", "-1.0"),
]  # fmt: skip


@each_case("said", SAID)
def test_words_for_losses_beside_results_without_a_sign_are_an_error(
    said: tuple[str, str, str], tmp_path: Path
) -> None:
    with pytest.raises(ReplayError, match=f"no result in column 'profit' is a loss, and column '{said[0]}' says '"):
        csv_of(tmp_path, table(*said))
    assert csv_of(tmp_path, table(*said, signed=True)).entries.pnl.tolist() == PNL


@each_case("name", ["Loss", "losses", "DEBIT"])
@each_case("minus", ["", "-"])
def test_amounts_in_a_column_of_losses_are_an_error(minus: str, name: str, tmp_path: Path) -> None:
    text = f"time,profit,{name}\n" + "".join(
        f"2024-01-{day:02},{max(pnl, 0)},{minus if pnl < 0 else ''}{max(-pnl, 0)}\n"
        for day, pnl in enumerate(PNL, start=1)
    )
    with pytest.raises(ReplayError, match=f"column '{name}' holds what was lost: write losses with a minus"):
        csv_of(tmp_path, text)


def test_what_is_mapped_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "gains.csv"
    path.write_text(table("result", "Win", "Loss"))
    record = read([path], {"realized_pnl": "profit"})
    assert record.entries.pnl.tolist() == list(map(abs, PNL))


@each_case(
    "said",
    [
        ("side", "S", "L"),
        ("note", "", "-"),
        ("result", "Win", "Win"),
        ("loss", "0", "0.00"),
        ("won", "1", "1"),
        ("win", "2", "0"),
        ("is_loss", "0", "0"),
        ("position", "1", "-1"),
    ],
)
def test_a_record_of_gains_alone_is_one(said: tuple[str, str, str], tmp_path: Path) -> None:
    assert csv_of(tmp_path, table(*said)).entries.pnl.tolist() == list(map(abs, PNL))


@each_case("name", ["Trades", "# Trades", "Number of trades"])
def test_rows_that_hold_several_trades_are_told(name: str, tmp_path: Path) -> None:
    text = f"Date,{name},Net P&L\n2024-01-05,5,1\n2024-01-06,1,-2\n2024-01-07,{'3' * 4_400},4\n"
    (table,) = csv_of(tmp_path, text).tables
    assert f"column '{name}' says that most rows hold several trades: each counts as one" in table.notes
    (table,) = csv_of(tmp_path, text.replace(",5,", ",1,")).tables
    assert not table.notes
