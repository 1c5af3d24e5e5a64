"""Rows outside of memory: they come back as they went in, in order, and a folder that cannot hold them is named."""

from __future__ import annotations

import gc
import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from strategic_memory_server.replay.errors import ReplayError
from strategic_memory_server.replay.repeated_trades import RepeatedTrades
from strategic_memory_server.replay.row_order import KEY, RowOrder
from strategic_memory_server.replay.spool import Rows, Storage


def rows_of(keys: list[int]) -> Rows:
    rows = np.zeros(len(keys), dtype=[(KEY, "i8"), ("number", "i8")])
    rows[KEY], rows["number"] = keys, np.arange(len(keys))
    return rows


def open_files(folder: Path) -> list[str]:
    return [str(each) for each in opened() if each.is_relative_to(folder)]


def opened() -> Iterator[Path]:
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            yield each.readlink()


@pytest.mark.parametrize("most_memory_bytes", [0, 100, 1 << 20])
def test_rows_come_back_as_they_went_in(most_memory_bytes: int, tmp_path: Path) -> None:
    spool = Storage(tmp_path, piece_rows=7, most_memory_bytes=most_memory_bytes).spool([(KEY, "i8"), ("number", "i8")])
    rows = rows_of(random.Random(1).choices(range(-50, 50), k=100))
    for part in np.array_split(rows, 9):
        spool.append(part)
        assert spool.read(0, 3).tobytes() == rows[:3].tobytes()
    assert len(spool) == 100
    assert np.concatenate(list(spool.pieces())).tobytes() == rows.tobytes()
    assert max(piece.size for piece in spool.pieces()) == 7
    assert spool.read(95, 50).tobytes() == rows[95:].tobytes()
    assert spool.read(200, 5).size == 0


def test_a_file_has_no_name_and_ends_with_its_spool(tmp_path: Path) -> None:
    spool = Storage(tmp_path, most_memory_bytes=10).spool([(KEY, "i8")])
    spool.append(np.zeros(100, dtype=[(KEY, "i8")]))
    assert open_files(tmp_path), "it has to be in a file, or nothing is shown"
    assert list(tmp_path.iterdir()) == []
    del spool
    gc.collect()
    assert open_files(tmp_path) == []


@pytest.mark.parametrize("missing", ["missing", "file/there"])
def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(missing: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spool = Storage(tmp_path / missing, most_memory_bytes=10).spool([(KEY, "i8")])
    with pytest.raises(ReplayError, match=f"{missing}: temporary files cannot be written there: .*TMPDIR or --temp"):
        spool.append(np.zeros(100, dtype=[(KEY, "i8")]))


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_without_room_is_named_with_what_to_do(tmp_path: Path) -> None:
    spool = Storage(tmp_path, most_memory_bytes=10).spool([(KEY, "i8")])
    with largest_file(10_000), pytest.raises(ReplayError, match=r"no room for temporary files: .*TMPDIR or --temp"):
        spool.append(np.zeros(10_000, dtype=[(KEY, "i8")]))


@pytest.mark.parametrize("seed", range(30))
def test_rows_come_in_order_and_equal_ones_as_they_came(seed: int, tmp_path: Path) -> None:
    source = random.Random(seed)
    keys = [source.randrange(-(10 ** source.randrange(1, 4)), 40) for _ in range(source.randrange(1, 3_000))]
    if seed % 3 == 0:
        keys.sort()
    storage = Storage(tmp_path, piece_rows=source.choice((3, 50, 400)), most_memory_bytes=500)
    order = RowOrder(storage, [("number", "i8")], run_rows=source.choice((1, 20, 700)))
    rows = rows_of(keys)
    for part in np.array_split(rows, source.randrange(1, 40)):
        order.append(part)
    assert len(order) == rows.size
    expected = rows[np.argsort(rows[KEY], kind="stable")]
    assert np.concatenate(list(order.pieces())).tobytes() == expected.tobytes()


def test_nothing_is_nothing_in_order(tmp_path: Path) -> None:
    assert list(RowOrder(Storage(tmp_path), []).pieces()) == []


@pytest.mark.parametrize("seed", range(10))
def test_every_trade_but_the_first_of_its_id_is_repeated(seed: int, tmp_path: Path) -> None:
    source = random.Random(seed)
    ids = [source.choice((0, source.randrange(-20, 20), source.getrandbits(40))) for _ in range(900)]
    trades = RepeatedTrades(Storage(tmp_path, piece_rows=11, most_memory_bytes=100))
    for start in range(0, 900, 70):
        trades.add(start, np.array(ids[start : start + 70], dtype=np.int64))
    expected = [place for place, each in enumerate(ids) if each and each in ids[:place]]
    found = np.concatenate([rows[KEY] for rows in trades.places().pieces()])
    assert found.tolist() == expected
