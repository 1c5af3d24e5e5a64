"""Reading a page at once gives what reading its entries one by one gives, whatever stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from each_case import each_case
from malformed_entries import GOOD_FIELDS, PORTFOLIO, REGIMES, TRADES, malformed_entries

from strategic_memory_server.entries.entry_fields import Fields
from strategic_memory_server.entries.rejections import RejectedInput
from strategic_memory_server.inputs.memory_windows import MemoryWindows
from strategic_memory_server.inputs.page_reader import FEW, DecodedPage, Page, PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.long_memory.trade_columns import identified_trades
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.windows.column_buffer import Columns
from strategic_memory_server.windows.name_table import NameTable

KINDS = (REGIMES, PORTFOLIO, TRADES, "identified")
NUMBERS = (
    b"0",
    b"-0.0",
    b"0.25",
    b"-1.5",
    b"+2",
    b".5",
    b"7.",
    b"1e-5",
    b"-2.5E+3",
    b"1e15",
    b" 3.5 ",
    b"\t4\n",
    b"1e-400",
    b"np.float64(0.3)",
    b"0." + b"0" * 1_200,
)
NAMES = (b"bull", b"Bear", b" range ", "gr\u00fc\u00df".encode(), b"x" * 64, b"BULL", b"np.str_('bull')", b"", b" ")
POLICIES = (b"BALANCED", b"aggressive", b" conservative ", b"strange", b"")
OPENINGS = (b"2025-12-21", b" 1766296800000 ", b"2025-12-21T06:00:00+02:00", b"np.int64(1766296700000)", b"", b" ")
IDS = (b"t1", b"t2", b" t3 ", b"", b" ", b"\xff", b"a\nb", b"y" * 70, b"np.str_('t1')", "\u00fc".encode())
ID_PARTS = (0, 1, 32_767, 32_768, 253_402_300_799_999, 253_402_300_800_000, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)

NOW_MS = 1_766_296_800_000


@dataclass(frozen=True, slots=True)
class Table:
    """A reader, and the names behind the indices in its columns."""

    reader: PageReader[Any]
    names: Mapping[str, NameTable]


def table(kind: str) -> Table:
    if kind == "identified":
        names = NameTable()
        return Table(identified_trades(names), {"regime": names})
    windows = MemoryWindows(WindowSettings(), ReadingLimits())
    readers: dict[str, PageReader[Any]] = {
        REGIMES: windows.regime_reader,
        PORTFOLIO: windows.portfolio_reader,
        TRADES: windows.trade_reader,
    }
    return Table(readers[kind], {"regime": windows._names, "strategy": windows._strategies})


def random_fields(random: Random, kind: str) -> Fields:
    """Fields as producers write them, now and then with one left out or written in an unusual way."""
    source = TRADES if kind == "identified" else kind
    fields = dict(GOOD_FIELDS[source])
    if kind == "identified":
        fields[b"trade_id"] = b"id%d" % random.randrange(1_000)
    for field in list(fields):
        if random.random() < 0.05:
            del fields[field]
        elif random.random() < 0.3:
            fields[field] = random.choice(choices(field))
    return fields


def choices(field: bytes) -> tuple[bytes, ...]:
    """What may stand in a field."""
    if field == b"policy":
        return POLICIES
    if field == b"trade_id":
        return IDS
    if field == b"opened_at":
        return OPENINGS
    return NAMES if field in (b"regime", b"market_regime", b"strategy", b"symbol") else NUMBERS


def random_page(random: Random, kind: str, length: int, bad_share: float) -> Page:
    source = TRADES if kind == "identified" else kind
    bad = malformed_entries(source, 60, random.randrange(10))
    ids = sorted({(random.choice(ID_PARTS), random.choice(ID_PARTS)) for _ in range(length)})
    ids += [(NOW_MS + number, 0) for number in range(length - len(ids))]
    return [
        (
            b"%d-%d" % entry_id,
            random.choice(bad).fields if random.random() < bad_share else random_fields(random, kind),
        )
        for entry_id in ids
    ]


def as_values(found: DecodedPage, names: Mapping[str, NameTable]) -> dict[str, list[object]]:
    """The columns as plain values: bits for numbers, names for indices."""
    plain: dict[str, list[object]] = {}
    for name, column in found.columns.items():
        if name in names:
            known = names[name].names
            plain[name] = [known[index] if index >= 0 else "" for index in column.tolist()]
        elif column.dtype == np.float64:
            plain[name] = [value.hex() for value in column.tolist()]
        else:
            plain[name] = column.tolist()
    return plain


def one_by_one(kind: str, page: Page) -> tuple[dict[str, list[object]], list[RejectedInput]]:
    """What is read where no two entries stand on one page."""
    one = table(kind)
    parts = [one.reader.read([entry]) for entry in page]
    values: dict[str, list[object]] = {}
    for part in parts:
        for name, column in as_values(part, one.names).items():
            values.setdefault(name, []).extend(column)
    return values, [entry for part in parts for entry in part.rejected]


@each_case("kind", KINDS)
@each_case("seed", range(40))
def test_a_page_at_once_is_its_entries_one_by_one(seed: int, kind: str) -> None:
    random = Random(f"{seed} {kind}")
    page = random_page(random, kind, random.choice([1, FEW, FEW + 1, 60, 300]), random.choice([0.0, 0.01, 0.2]))
    whole = table(kind)
    found = whole.reader.read(page)
    values, rejected = one_by_one(kind, page)
    assert as_values(found, whole.names) == values
    assert found.rejected == rejected
    assert (found.usable, found.looked_at) == (len(page) - len(rejected), len(page))


@pytest.mark.parametrize("kind", KINDS)
def test_names_get_their_index_in_the_order_of_the_entries(kind: str) -> None:
    """However they were read, and whatever was rejected on the way."""
    random = Random(kind)
    page = random_page(random, kind, 200, 0.02)
    whole, single = table(kind), table(kind)
    whole.reader.read(page)
    for entry in page:
        single.reader.read([entry])
    assert {name: found.names for name, found in whole.names.items()} == {
        name: found.names for name, found in single.names.items()
    }


def is_read_at_once(kind: str, page: Page) -> bool:
    try:
        table(kind).reader._read_whole(page)
    except Exception:  # noqa: BLE001 - whatever it is, it is not read at once
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_pages_are_read_at_once(kind: str) -> None:
    """Else the comparisons above would be of one way with itself."""
    source = TRADES if kind == "identified" else kind
    usual = [(b"%d-0" % number, dict(GOOD_FIELDS[source])) for number in range(1, 100)]
    assert is_read_at_once(kind, usual)
    without_options = [(b"%d-0" % number, dict(list(GOOD_FIELDS[source].items())[:2])) for number in range(100, 150)]
    assert is_read_at_once(kind, usual + without_options)
    for bad in malformed_entries(source, 30, 1):
        assert not is_read_at_once(kind, [*usual, (b"%d-0" % NOW_MS, bad.fields)]), bad


@each_case("seed", range(20))
def test_so_many_usable_entries_and_no_entry_beyond(seed: int) -> None:
    random = Random(seed)
    page = random_page(random, TRADES, 120, 0.3)
    values, rejected = one_by_one(TRADES, page)
    reasons = {entry.entry_id for entry in rejected}
    for at_most in (1, FEW, FEW + 1, random.randrange(1, 90), 90):
        whole = table(TRADES)
        found = whole.reader.read(page, at_most=at_most)
        usable = [place for place, (entry_id, _) in enumerate(page) if entry_id.decode() not in reasons][:at_most]
        assert found.usable == len(usable)
        assert as_values(found, whole.names) == {name: column[:at_most] for name, column in values.items()}
        assert found.looked_at == (usable[-1] + 1 if len(usable) == at_most else len(page))


def test_two_values_that_run_into_each_other_are_told_apart() -> None:
    """A line break in a number, or in an id, does not shift the others."""
    page = [(b"%d-0" % number, dict(GOOD_FIELDS[TRADES])) for number in range(1, 60)]
    for first, second in product((b"1\n2", b"", b"3"), repeat=2):
        page[20][1][b"realized_pnl"], page[21][1][b"realized_pnl"] = first, second
        found = table(TRADES).reader.read(page)
        assert found.usable == len(page) - sum(not value or b"\n" in value for value in (first, second))


@each_case("raw", [*IDS, b"a\tb", b"x" * 64, b" " + b"x" * 64, b"a b"])
def test_an_id_is_read_as_ever_among_many(raw: bytes) -> None:
    page = [(b"%d-0" % number, GOOD_FIELDS[TRADES] | {b"trade_id": b"id%d" % number}) for number in range(1, 60)]
    page[7][1][b"trade_id"] = raw
    found = table("identified").reader.read(page)
    assert found.columns["trade_id"].tolist() == one_by_one("identified", page)[0]["trade_id"]


@each_case("raw", NUMBERS)
@each_case("kind", KINDS[:3])
def test_a_number_is_read_as_ever_among_many(kind: str, raw: bytes) -> None:
    page = [(b"%d-0" % number, dict(GOOD_FIELDS[kind])) for number in range(1, 60)]
    page[7][1][b"realized_pnl" if kind == TRADES else b"pnl"] = raw
    whole = table(kind)
    found = whole.reader.read(page)
    assert (as_values(found, whole.names), found.rejected) == one_by_one(kind, page)


def counted(kind: str) -> tuple[Table, list[int]]:
    """A table, and the lengths of the pages that its reader tries to read at once."""
    whole = table(kind)
    read_whole, tried = whole.reader._read_whole, list[int]()

    def counting(page: Page) -> Columns:
        tried.append(len(page))
        return read_whole(page)

    whole.reader._read_whole = counting
    return whole, tried


@pytest.mark.parametrize("kind", KINDS[:3])
def test_entries_of_a_flood_are_not_tried_together_again_and_again(kind: str) -> None:
    """What goes for each of them on the event loop is what a sync takes while a producer floods."""
    pnl = b"realized_pnl" if kind == TRADES else b"pnl"
    flood = [(b"%d-0" % number, GOOD_FIELDS[kind] | {pnl: b"nan"}) for number in range(1, 501)]
    usual = [(b"%d-0" % number, dict(GOOD_FIELDS[kind])) for number in range(1_000, 1_500)]
    whole, tried = counted(kind)
    assert len(whole.reader.read(flood).rejected) == len(flood)
    assert sum(tried) < 2 * len(flood)
    tried.clear()
    assert len(whole.reader.read(flood).rejected) == len(flood)
    assert not tried
    assert [whole.reader.read(usual).usable for _ in range(2)] == [len(usual)] * 2
    assert tried == [len(usual)], "once the flood is over whole pages are read at once again"
