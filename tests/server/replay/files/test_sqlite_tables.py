"""Databases of bots: read as they are, alone, within an archive, and while the bot writes."""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import replay_records
from records.expected import EXPORTS

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


def test_what_a_bot_has_written_since_it_began_is_read(database: Path) -> None:
    with closing(sqlite3.connect(database)) as bot:
        bot.execute("UPDATE trades SET is_open = 0, close_profit = 0.5, close_date = '2025-02-20 00:00:00.000000'")
        bot.commit()
        assert Path(f"{database}-wal").stat().st_size > 0
        record = replay_records.read([database])
    assert record.entries.pnl.tolist() == [0.5] * (TRADES + 1)
