"""NameTable: indices of names, and forgetting names that are no longer used."""

from __future__ import annotations

from strategic_memory_server.windows.name_table import SPARE_NAMES, NameTable


def test_names_have_indices_in_the_order_of_first_appearance() -> None:
    table = NameTable()
    assert table.column(["a", "", "b", "a"]).tolist() == [0, -1, 1, 0]
    names = table.names
    assert table.index("c") == 2
    assert (names, table.names) == (("a", "b"), ("a", "b", "c"))


def test_few_unused_names_stay() -> None:
    table = NameTable()
    table.column([str(number) for number in range(SPARE_NAMES)])
    assert not table.may_be_crowded
    assert table.renumber(["3"]) is None
    assert table.index("7") == 7


def test_many_unused_names_go_and_the_others_get_new_indices() -> None:
    table = NameTable()
    table.column([str(number) for number in range(SPARE_NAMES + 10)])
    assert table.may_be_crowded
    new = table.renumber(["3", "9", "3"])
    assert new is not None
    assert (new[3], new[9], new[4]) == (0, 1, -1)
    assert table.names == ("3", "9")
    assert not table.may_be_crowded


def test_used_names_stay_however_many_they_are() -> None:
    table = NameTable()
    used = [str(number) for number in range(3 * SPARE_NAMES)]
    table.column(used)
    assert table.may_be_crowded
    assert table.renumber(used) is None
    assert not table.may_be_crowded, "they are counted again once as many have come"
