"""A document read a little at a time: the same values as at once, and a clear word where it is broken."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import pytest
import replay_records
from each_case import each_case
from replay_files import write_json_lines

from strategic_memory_server.replay.files import json_document
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.json_document import ROWS_AT_ONCE
from strategic_memory_server.replay.files.json_stream import MAX_VALUE_CHARACTERS, BrokenJsonError, JsonStream
from strategic_memory_server.replay.files.source import Source

if TYPE_CHECKING:
    from _collections_abc import dict_items


class Dripping(io.StringIO):
    """Gives a few characters at each reading."""

    def __init__(self, text: str, characters: int) -> None:
        super().__init__(text)
        self._characters = characters

    def read(self, size: int | None = -1) -> str:
        return super().read(self._characters)


def random_value(source: random.Random, depth: int = 0) -> object:
    kind = source.randrange(8 if depth < 4 else 6)
    if kind == 6:
        return [random_value(source, depth + 1) for _ in range(source.randrange(4))]
    if kind == 7:
        return {random_text(source): random_value(source, depth + 1) for _ in range(source.randrange(4))}
    return [None, True, source.randrange(-99, 10**9), source.gauss(0, 1), random_text(source), ""][kind]


def random_text(source: random.Random) -> str:
    return "".join(source.choice('ab"\\[]{},: \n日\U0001f600') for _ in range(source.randrange(6)))


def walked(stream: JsonStream, source: random.Random, kept: object) -> object:
    """Read a value, going into it or passing over it at random; what was passed over is taken from what is known."""
    choice = source.randrange(3)
    if choice == 0:
        stream.skip()
        return kept
    if choice == 1 and isinstance(kept, dict):
        return {name: walked(stream, source, kept[name]) for name in stream.members()}
    if choice == 1 and isinstance(kept, list):
        return [walked(stream, source, kept[place]) for place, _ in enumerate(stream.elements())]
    return stream.value()


@each_case("seed", range(200))
def test_every_value_is_read_or_passed_over(seed: int) -> None:
    source = random.Random(seed)
    document = [random_value(source) for _ in range(5)]
    text = json.dumps(document, ensure_ascii=source.random() < 0.5, indent=source.choice((None, 2)))
    stream = JsonStream(Dripping(text, source.choice((1, 3, 1_000))))
    assert [walked(stream, source, document[place]) for place, _ in enumerate(stream.elements())] == document


def pass_over_members(stream: JsonStream) -> None:
    for _ in stream.members():
        stream.skip()


@each_case("seed", range(60))
def test_a_document_that_ends_too_soon_is_broken(seed: int) -> None:
    source = random.Random(seed)
    text = json.dumps({"strategy": {"A": {"trades": [{"a": [1, "x"]}], "b": random_value(source)}}})
    cut: IO[str] = Dripping(text[: source.randrange(len(text))], source.choice((1, 1_000)))
    stream = JsonStream(cut)
    with pytest.raises(BrokenJsonError, match=r"at character \d+$"):
        pass_over_members(stream)


@each_case(
    "text",
    [
        "[1 2]",
        "[12x]",
        "[-]",
        "[" + "1" * 9_999 + "]",
        "[1, oops]",
        '["x" : 1]',
        "[1}",
        '["' + "x" * (4 * MAX_VALUE_CHARACTERS) + '"]',
        "[",
    ],
)
def test_what_is_no_list_is_broken(text: str) -> None:
    stream = JsonStream(io.StringIO(text))
    with pytest.raises(BrokenJsonError, match=r"at character \d+$"):
        [stream.value() for _ in stream.elements()]


def export(trades: int) -> dict[str, object]:
    """Make an export of two strategies, with all that stands around their trades."""
    made = [
        {"profit_ratio": number / 8, "close_timestamp": 1_700_000_000_000 + number, "orders": [{"a": "]"}] * 3}
        for number in range(trades)
    ]
    around = {"results_per_pair": [{"key": 'a "[', "x": {}}], "total": 3}
    strategies = {"One": {**around, "trades": made[::2]}, "Two": {"trades": made[1::2], **around}, "Odd": 5}
    return {"metadata": {"strategy": {"trades": 1}}, "strategy": strategies, "strategy_comparison": [[], {}]}


@pytest.mark.parametrize("ending", [".json", ".zip"])
def test_a_long_export_is_read_whole(ending: str, tmp_path: Path) -> None:
    trades = 2 * ROWS_AT_ONCE + 501
    path = tmp_path / f"backtest{ending}"
    if ending == ".json":
        path.write_text(json.dumps(export(trades)))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("config.json", "[not an export")
            archive.writestr("backtest.json", json.dumps(export(trades)))
    for first, strategy in enumerate(("One", "Two")):
        record = replay_records.read([path], strategy=strategy)
        assert record.entries.pnl.tolist() == [number / 8 for number in range(first, trades, 2)]
        assert set(record.entries.strategy.tolist()) == {record.strategy_names.index(strategy)}
    with pytest.raises(ReplayError, match=r"holds the trades of 2 strategies, One, Two; .* choose one with --strategy"):
        replay_records.read([path])
    with pytest.raises(ReplayError, match="has no strategy 'Three'; it holds One, Two"):
        replay_records.read([path], strategy="Three")


def test_an_export_that_ends_too_soon_says_where(tmp_path: Path) -> None:
    text = json.dumps(export(50))
    (tmp_path / "backtest.json").write_text(text[: text.index('"Two"')])
    with pytest.raises(ReplayError, match=r"backtest\.json: its JSON is broken: .* at character 2775"):
        replay_records.read([tmp_path / "backtest.json"])


def test_an_archive_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = tmp_path / "backtest.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("backtest.json", json.dumps(export(50)))
    content = path.read_bytes()
    for damaged in (content[:-30], content.replace(b"profit_ratio", b"profit_rating"[:12], 1)):
        path.write_bytes(damaged)
        with pytest.raises(ReplayError, match=r"is no \.zip that can be read"):
            replay_records.read([path])


def test_names_that_are_not_read_cost_nothing(tmp_path: Path) -> None:
    rows = ({"time": row, "pnl": 1.0, f"name {row}": "x", "orders": [1] * 9} for row in range(5_000))
    path = write_json_lines(tmp_path / "record.jsonl", rows)
    tracemalloc.start()
    try:
        assert len(replay_records.read([path])) == 5_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * 1024 * 1024


@pytest.mark.parametrize(
    ("around", "told"),
    [
        ({"nextPageCursor": "page_token%3D39380%26"}, "since nextPageCursor is 'page_token%3D39380%26'"),
        ({"has_more": True}, "since has_more is 'True'"),
        ({"trades_count": 2, "offset": 0, "total_trades": 1_200}, "since total_trades is 1,200 and 2 are here"),
        ({"page": 1, "total": 3}, "since total is 3 and 2 are here"),
        ({"nextPageCursor": "", "hasMore": "False", "has_next": False, "next": None, "total_trades": 2}, ""),
        ({"total": 3}, ""),
    ],
)
def test_one_page_of_an_answer_is_told(around: dict[str, object], told: str, tmp_path: Path) -> None:
    trades = [{"close_time": 1_700_000_000_000 + number, "profit": number} for number in range(1, 3)]
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"retCode": 0, "next": 7, "result": {**around, "trades": trades}}))
    (table,) = replay_records.read([path]).tables
    assert list(table.notes) == ([f"may be one page of several, {told}"] if told else [])


def test_an_object_that_holds_one_trade_by_its_name_is_read_as_those_beside_it(tmp_path: Path) -> None:
    trades = {f"t{day}": {"time": f"2024-01-0{day}", "realized_pnl": day} for day in range(1, 6)}
    coins = {"BTC": {name: trades[name] for name in ("t1", "t3", "t4")}, "ETH": {"t2": trades["t2"]}}
    others = {"SOL": {"t5": trades["t5"]}, "about": {"account": {"name": "A", "number": 1}}}
    for document in ({**coins, **others}, {"trades": {**coins, **others}}):
        (tmp_path / "trades.json").write_text(json.dumps(document))
        assert replay_records.read([tmp_path / "trades.json"]).entries.pnl.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    several = {name: trades[name] for name in ("t2", "t5")}
    (tmp_path / "trades.json").write_text(json.dumps({"BTC": {**coins["BTC"], "updated": 7}, "ETH": several}))
    record = replay_records.read([tmp_path / "trades.json"])
    assert (len(record), record.rejected.describe()) == (5, "not_an_object: 1 (trades.json:4)")
    first = {"ETH": coins["ETH"], "SOL": others["SOL"]}
    for document in (first, {"trades": first}):
        (tmp_path / "trades.json").write_text(json.dumps(document))
        assert replay_records.read([tmp_path / "trades.json"]).entries.pnl.tolist() == [2.0, 5.0]


@each_case("layout", ["[\n{}\n]", "[\n{}\n,{}\n]", "[\n{}\n,\n{}\n]", '{{"trades": [\n{}\n]}}'])
def test_a_list_with_a_line_for_each_row_is_no_file_of_json_lines(layout: str, tmp_path: Path) -> None:
    rows = [json.dumps({"time": f"2024-01-0{day}", "realized_pnl": day}) for day in (1, 2)]
    (tmp_path / "trades.json").write_text(layout.format(*rows))
    record = replay_records.read([tmp_path / "trades.json"])
    assert (len(record), record.rejected.rows) == (layout.count("{}"), 0)


def test_lists_in_many_objects_are_not_looked_through_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = 0

    class Tables(dict[tuple[str, ...], object]):
        def items(self) -> dict_items[tuple[str, ...], object]:
            nonlocal passes
            passes += 1
            return super().items()

    made = json_document._Document
    monkeypatch.setattr(json_document, "_Document", lambda _, *others: made(cast("dict[Any, Any]", Tables()), *others))
    data = json.dumps({f"t{n}": {"limit": 1, "next": n + 1, "fills": [{"p": n}]} for n in range(50)}).encode()
    tables = json_document.json_tables(Source("orders.json", len(data), lambda: io.BytesIO(data)), "utf-8")
    assert (len(tables), len(tables[0].notes), passes) == (50, 3, 1)
