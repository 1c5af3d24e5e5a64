"""Databases of bots: read as they are, alone, within an archive, and while the bot writes."""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import replay_records
from each_case import each_case
from records.expected import EXPORTS

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.record import Record

TRADES = 13


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database that logs beside itself, as a bot's does; nobody has it open."""
    return Path(shutil.copy(EXPORTS / "freqtrade.sqlite", tmp_path / "tradesv3.sqlite"))


def test_nothing_is_left_beside_a_database_that_is_read(database: Path) -> None:
    assert len(replay_records.read([database])) == TRADES
    assert [path.name for path in database.parent.iterdir()] == ["tradesv3.sqlite"]


def test_a_database_within_an_archive_is_read(database: Path) -> None:
    with zipfile.ZipFile(database.with_suffix(".zip"), "w") as archive:
        archive.write(database, database.name)
    assert len(replay_records.read([database.with_suffix(".zip")])) == TRADES


TRADE = (
    "CREATE TABLE trades (time TEXT, realized_pnl REAL);"
    "INSERT INTO trades VALUES ('2024-01-05', 1), ('2024-01-06', -2);"
)
APART = (
    "CREATE TABLE ended (id INTEGER, at TEXT); INSERT INTO ended VALUES (1, '2024-01-05'), (2, '2024-01-06');"
    "CREATE TABLE earned (id INTEGER, money REAL); INSERT INTO earned VALUES (1, 1), (2, -2);"
    "CREATE VIEW results AS SELECT at AS time, money AS realized_pnl FROM ended JOIN earned USING (id);"
)
GAINS = "SELECT * FROM results WHERE realized_pnl > 0"


def read(folder: Path, script: str) -> Record:
    with closing(sqlite3.connect(folder / "bot.sqlite")) as bot:
        bot.executescript(script)
    return replay_records.read([folder / "bot.sqlite"])


def test_views_beside_a_table_that_is_read_are_told_and_count_nothing_twice(tmp_path: Path) -> None:
    views = "CREATE VIEW same AS SELECT * FROM trades; CREATE VIEW broken AS SELECT gone(time) AS time FROM trades;"
    record = read(tmp_path, TRADE + views)
    assert record.entries.pnl.tolist() == [1.0, -2.0]
    assert record.tables[0].notes == (
        "not read: same (2 rows, a view), broken, a view that cannot be read: no such function: gone",
    )


def test_a_view_is_read_where_no_table_is_a_record(tmp_path: Path) -> None:
    record = read(tmp_path, APART)
    assert (record.entries.pnl.tolist(), [table.table for table in record.tables]) == ([1.0, -2.0], ["results"])
    assert record.tables[0].notes[0].startswith("not read: ended (2 rows, no column is known as")


def test_two_views_of_the_same_trades_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"several tables that could be the record: results.*; gains"):
        read(tmp_path, f"{APART} CREATE VIEW gains AS {GAINS};")


@each_case("stored", ["VIRTUAL", "STORED"])
def test_columns_that_are_worked_out_from_others_are_read(stored: str, tmp_path: Path) -> None:
    (tmp_path / stored).mkdir()
    columns = f"time TEXT, realized_pnl REAL GENERATED ALWAYS AS (gross - fee) {stored}, gross REAL, fee REAL"
    rows = "('2024-01-05', 3, 1), ('2024-01-06', 1, 2)"
    record = read(
        tmp_path / stored,
        f"CREATE TABLE trades ({columns}); INSERT INTO trades (time, gross, fee) VALUES {rows};",  # noqa: S608
    )
    assert record.entries.pnl.tolist() == [2.0, -1.0]


def test_what_a_bot_has_written_since_it_began_is_read(database: Path) -> None:
    with closing(sqlite3.connect(database)) as bot:
        bot.execute("UPDATE trades SET is_open = 0, close_profit = 0.5, close_date = '2025-02-20 00:00:00.000000'")
        bot.commit()
        assert Path(f"{database}-wal").stat().st_size > 0
        record = replay_records.read([database])
    assert record.entries.pnl.tolist() == [0.5] * (TRADES + 1)


def halfway(folder: Path) -> sqlite3.Connection:
    """A database of a bot that has written a part of a change to its file, and not yet all of it."""
    bot = sqlite3.connect(folder / "bot.sqlite", isolation_level=None)
    bot.executescript(TRADE + "PRAGMA cache_size = 1; BEGIN;")
    bot.executemany("INSERT INTO trades VALUES (?, ?)", [("2024-01-07", 1)] * 5_000)
    return bot


def test_a_database_that_is_changed_halfway_is_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "copied").mkdir()
    opened = sqlite3.connect
    with closing(halfway(tmp_path)):
        for name in ("bot.sqlite", "bot.sqlite-journal"):
            shutil.copy(tmp_path / name, tmp_path / "copied")
        # The bot ends when it ends: nobody waits for that here.
        monkeypatch.setattr(sqlite3, "connect", partial(opened, timeout=0))
        with pytest.raises(ReplayError, match=r"bot.sqlite: another program is writing into it: try again"):
            replay_records.read([tmp_path / "bot.sqlite"])
    assert replay_records.read([tmp_path / "bot.sqlite"]).entries.pnl.tolist() == [1.0, -2.0]
    with pytest.raises(ReplayError, match=r"changed halfway, and what was there before lies in its -journal: open it"):
        replay_records.read([tmp_path / "copied" / "bot.sqlite"])


def test_bytes_in_a_cell_are_its_text(tmp_path: Path) -> None:
    read(tmp_path, TRADE)
    record = read(tmp_path, "INSERT INTO trades VALUES (CAST('2024-01-07' AS BLOB), CAST('3.5' AS BLOB));")
    assert record.entries.pnl.tolist() == [1.0, -2.0, 3.5]
    # So numpy's whole numbers are kept by Python.
    record = read(tmp_path, "INSERT INTO trades VALUES ('2024-01-08', X'0300000000000000');")
    assert replay_records.refused(record) == {"realized_pnl_not_a_number": (1, ["bot.sqlite:4"])}
