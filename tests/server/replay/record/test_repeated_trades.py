"""A trade counts once, whatever files hold it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import replay_records
from each_case import each_case

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.file_entries import repeated_trades


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


def test_a_whole_number_is_one_id_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("time,pnl,trade_id\n1,10,7\n")
    (tmp_path / "other.csv").write_text("time,pnl,trade_id\n1,10,7.0\n2,3,7.5\n")
    record = replay_records.read([tmp_path / "one.csv", tmp_path / "other.csv"])
    assert record.entries.pnl.tolist() == [10.0, 3.0]


def test_names_that_numpy_wrote_are_those_that_the_service_reads(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text(
        "time,pnl,trade_id,regime,policy\n1,10,7,BULL,BALANCED\n1,10,np.int64(7),np.str_('bull'),np.str_('BALANCED')\n"
    )
    record = replay_records.read([tmp_path / "record.csv"])
    assert (record.entries.pnl.tolist(), record.entries.policy.tolist()) == ([10.0], [1])
    assert record.regime_names[record.entries.regime[0]] == "BULL"


def test_a_thousand_with_a_point_is_not_the_first_trade(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("time,pnl,trade_id\n1,10,1\n2,3,999\n3,4,1.000\n4,5,1.001\n")
    assert replay_records.read([tmp_path / "record.csv"]).entries.pnl.tolist() == [10.0, 3.0, 4.0, 5.0]


def test_ids_that_different_trades_share_are_refused(tmp_path: Path) -> None:
    (tmp_path / "parts.csv").write_text("time,pnl,trade_id\n1,10,7\n2,5,7\n3,4,8\n4,3,8\n5,2,9\n")
    with pytest.raises(ReplayError, match=r"trade_id: 2 of 5 trades have the id of another .* with 10 and .* with 5"):
        replay_records.read([tmp_path / "parts.csv"])


def test_parts_of_a_position_that_end_together_are_refused_and_a_later_export_knows_better(tmp_path: Path) -> None:
    parts, later = tmp_path / "parts.csv", tmp_path / "later.csv"
    parts.write_text("time,pnl,trade_id\n1,10,7\n1,5,7\n3,4,8\n3,3,8\n5,2,9\n")
    with pytest.raises(ReplayError, match=r"2 of 5 trades .* earned something else, .* with 10 and .* with 5"):
        replay_records.read([parts])
    parts.write_text("time,pnl,trade_id\n1,10,7\n3,4,8\n5,2,9\n")
    later.write_text("time,pnl,trade_id\n1,11,7\n3,5,8\n5,3,9\n")
    assert replay_records.read([parts, later]).entries.pnl.tolist() == [11.0, 5.0, 3.0]


ROWS = [f"{row},{row + 1},BALANCED\n" for row in range(40)]


@each_case(
    ("rows", "again"),
    [
        (ROWS * 2, 40),
        (ROWS * 3, 80),
        (ROWS[:23] + ROWS[20:], 3),
        (ROWS[20:][::-1] + ROWS[:23][::-1], 3),
        (ROWS[:23][::-1] + ROWS[20:][::-1], 3),
        ([row for row in ROWS for _ in range(3)] * 2, 40),
    ],
)
def test_an_export_below_one_that_it_overlaps_is_refused_where_no_id_tells(
    rows: list[str], again: int, tmp_path: Path
) -> None:
    file = tmp_path / "joined.csv"
    for joined in (rows, [row.replace("BALANCED", "") for row in rows]):
        file.write_text("time,realized_pnl,policy\n" + "".join(joined))
        with pytest.raises(ReplayError, match=rf"joined\.csv: {again} of its entries stand in it twice"):
            replay_records.read([file])
    with_ids = [f"{row.strip()},{number}\n" for number, row in enumerate(rows)]
    file.write_text("time,realized_pnl,policy,trade_id\n" + "".join(with_ids))
    assert len(replay_records.read([file])) == len(rows)


def test_what_is_alike_by_chance_or_in_fills_is_read_and_told(tmp_path: Path) -> None:
    fills = [row for row in ROWS for _ in range(3)]
    source = random.Random(5)
    # By market, each day won or lost as much.
    by_market = [f"{day},{source.choice((1, -1))},\n" for _market in range(30) for day in range(50)]
    for rows, alike in ((fills, 80), (ROWS[:22] + ROWS[20:], 2), (by_market, None)):
        (tmp_path / "record.csv").write_text("time,realized_pnl,policy\n" + "".join(rows))
        record = replay_records.read([tmp_path / "record.csv"])
        assert len(record) == len(rows)
        assert record.notes["same_as_before"] == alike or alike is None


def test_the_same_trades_in_two_files_are_refused_where_no_id_tells(tmp_path: Path) -> None:
    head = "time,pnl,policy\n"
    rows = [f"{row},{row + 1},BALANCED\n" for row in range(10)]
    one, other = tmp_path / "t.csv", tmp_path / "t (1).csv"
    one.write_text(head + "".join(rows))
    other.write_text(head + "".join(rows[4:]) + "30,1,\n")
    with pytest.raises(ReplayError, match=r"t\.csv: 6 of its 10 .* in .*t \(1\)\.csv too.* the same trades twice"):
        replay_records.read([one, other])
    other.write_text(head + "".join(rows[8:]) + "30,1,\n31,1,\n32,1,\n")
    assert len(replay_records.read([one, other])) == 15


@each_case("ids", [("T-{}", "t-{}"), ("{}", "{:06}"), ("a{}", "")])
def test_the_same_trades_under_other_ids_are_refused(ids: tuple[str, str], tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    rows = [(row, row + 1) for row in range(20)]
    for file, written, some in zip((one, other), ids, (rows[:12], rows[8:]), strict=True):
        file.write_text("time,pnl,trade_id\n" + "".join(f"{at},{pnl},{written.format(at)}\n" for at, pnl in some))
    with pytest.raises(ReplayError, match=r"4 of its 12 results are in .*: the same trades twice, under other ids"):
        replay_records.read([one, other])
    other.write_text(one.read_text() + "30,1,new\n")
    assert len(replay_records.read([one, other])) == 13


def test_exports_that_overlap_are_refused_where_no_id_tells(tmp_path: Path) -> None:
    head = "time,pnl,policy\n"
    rows = [f"{row},{row + 1},BALANCED\n" for row in range(40)]
    one, other = tmp_path / "may.csv", tmp_path / "june.csv"
    one.write_text(head + "".join(rows[:23]))
    other.write_text(head + "".join(rows[20:]))
    for files in ([one, other], [other, one]):
        with pytest.raises(ReplayError, match=r"csv: 3 of its \d\d results are in .*csv too, .* the same trades twice"):
            replay_records.read(files)
    # Two runs that begin alike do not follow each other.
    other.write_text(head + "".join([*rows[:5], *(row.replace(",", ",-", 1) for row in rows[5:])]))
    assert len(replay_records.read([one, other])) == 63
