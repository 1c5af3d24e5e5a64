"""KnownIds: the newest so many ids, however the trades were divided into pages."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random

from each_case import each_case

from strategic_memory_server.long_memory.known_ids import KnownIds


def duplicates_one_by_one(ids: Sequence[str], horizon: int) -> list[int]:
    """Places of the ids that are among the newest so many at their turn."""
    newest: deque[str] = deque(maxlen=horizon)
    found = []
    for place, trade_id in enumerate(ids):
        if trade_id and trade_id in newest:
            found.append(place)
        elif trade_id:
            newest.append(trade_id)
    return found


@each_case("seed", range(60))
def test_each_id_is_remembered_before_the_next_one_is_looked_at(seed: int) -> None:
    random = Random(seed)
    horizon, different = random.choice([1, 3, 20, 500]), random.choice([2, 30, 400])
    ids = [random.choice(["", f"t{random.randrange(different)}"]) for _ in range(400)]
    if seed % 3 == 0:
        ids = [f"t{place}" for place in range(300)] + ids
    known, found, numbered, start = KnownIds(horizon), list[int](), 0, 0
    while start < len(ids):
        page = ids[start : start + random.choice([1, 7, 100])]
        told = known.deduplicate(page)
        found += [start + place for place in told.duplicates]
        numbered += told.numbered
        assert len(told.fresh) <= horizon
        known.add(told.fresh)
        start += len(page)
    assert found == duplicates_one_by_one(ids, horizon)
    assert numbered == len([trade_id for trade_id in ids if trade_id]) - len(found)


def test_telling_apart_changes_nothing() -> None:
    known = KnownIds(3, ["a", "b"])
    for _ in range(2):
        assert known.deduplicate(["b", "c", "c", "d"]).duplicates == (0, 2)
    assert "c" not in known


def test_what_was_read_back_counts_from_the_oldest() -> None:
    known = KnownIds(3, ["a", "b", "c"])
    assert known.deduplicate(["d", "a", "c"]).duplicates == (2,)


def test_without_a_horizon_nothing_is_a_duplicate() -> None:
    told = KnownIds(0).deduplicate(["a", "a"])
    assert (told.fresh, told.numbered, told.duplicates) == ((), 0, ())


@each_case("seed", range(20))
def test_one_that_is_remembered_again_counts_as_new_and_no_others_are_forgotten_for_it(seed: int) -> None:
    random = Random(seed)
    horizon, held = random.randrange(6), list[str]()
    known = KnownIds(horizon)
    for _ in range(40):
        ids = list(dict.fromkeys(f"T{random.randrange(12)}" for _ in range(random.randrange(4))))
        known.add(ids)
        held = [*(name for name in held if name not in ids), *ids][-horizon:] if horizon else []
        assert [name for name in (f"T{number}" for number in range(12)) if name in known] == sorted(held, key=_number)
        assert (len(known), known.newest) == (len(held), held[-1] if held else "")


def _number(name: str) -> int:
    return int(name[1:])
