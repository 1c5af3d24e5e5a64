"""A trade counts once, whatever files hold it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import replay_records

from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record_reading import repeated_trades


def test_a_trade_of_two_exports_counts_once_at_its_last_row(tmp_path: Path) -> None:
    head = "time,realized_pnl,trade_id\n"
    (tmp_path / "january.csv").write_text(head + "3,30,c\n2,20,b\n1,10,a\n4,40,\n")
    (tmp_path / "february.csv").write_text(head + "5,50,d\n3,31,c\n2,21,b\n6,60,\n1,9,b\n")
    record = replay_records.read([tmp_path / "january.csv", tmp_path / "february.csv"])
    assert record.entries.pnl.tolist() == [10.0, 21.0, 31.0, 40.0, 50.0, 60.0]
    assert record.by_kind[Kind.TRADE] == 6
    assert record.notes["trade_id_repeated"] == 3
    assert [table.by_kind for table in record.tables] == [{"trade": 4}, {"trade": 5}]


@pytest.mark.parametrize("seed", range(10))
def test_every_trade_but_the_last_of_its_id_is_repeated(seed: int) -> None:
    source = random.Random(seed)
    ids = [source.choice((0, source.randrange(-20, 20), source.getrandbits(40))) for _ in range(900)]
    expected = [bool(each) and each in ids[place + 1 :] for place, each in enumerate(ids)]
    assert repeated_trades(np.array(ids, dtype=np.int64)).tolist() == expected
