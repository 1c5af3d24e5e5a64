"""Which shard a portfolio belongs to: one of them, evenly, and for as long as their number stays."""

from collections import Counter

import pytest

from strategic_memory_server.memory.shard import Shard, read_shard

NAMES = ["", *(f"desk-{number}" for number in range(4_000))]


def shard_of(name: str, shards: int) -> int:
    (found,) = (number for number in range(shards) if Shard(number, shards).has(name))
    return found


def test_each_belongs_to_one_shard_and_all_have_about_as_many() -> None:
    counts = Counter(shard_of(name, 16) for name in NAMES)
    assert len(counts) == 16
    assert all(175 < count < 325 for count in counts.values())


def test_one_shard_more_moves_portfolios_to_that_one_alone() -> None:
    moved = [after for name in NAMES[:1_000] if (after := shard_of(name, 5)) != shard_of(name, 4)]
    assert set(moved) == {4}
    assert 130 < len(moved) < 270


def test_a_name_stays_where_it_was_in_earlier_versions() -> None:
    assert [shard_of(name, 16) for name in ("", "alpha", "beta", "gamma")] == [15, 11, 2, 14]


@pytest.mark.parametrize(("text", "shard"), [("3/16", Shard(3, 16)), ("19/16", Shard(3, 16)), (" 0/1 ", Shard(0, 1))])
def test_it_is_read_from_the_ordinal_of_a_pod(text: str, shard: Shard) -> None:
    assert read_shard(text) == shard


@pytest.mark.parametrize("text", ["3", "a/16", "3/0", "-1/16", "3/1025", "3/16/2", "$(POD_INDEX)/16"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="for example 3/16"):
        read_shard(text)
