"""Names of portfolios: which can be one, and which one is meant."""

import pytest

from strategic_memory_server.memory.portfolio_name import NAME, nearest


@pytest.mark.parametrize("name", ["alpha", "desk.7", "A_b-9", "x" * 64])
def test_names(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a:b", "a{b}", "é", "٣", "a\n"])
def test_no_names(name: str) -> None:
    assert not NAME.fullmatch(name)


@pytest.mark.parametrize(
    ("asked", "meant"), [("alhpa", "alpha"), ("ALPHA", "alpha"), ("desk-8", "desk-7"), ("quite-else", "")]
)
def test_the_nearest_name_is_meant(asked: str, meant: str) -> None:
    assert nearest(asked, ["", "alpha", "beta", "desk-7"]) == meant


def test_of_many_names_the_neighbours_are_compared() -> None:
    names = sorted(f"desk-{number:05}" for number in range(10_000))
    assert nearest("desk-05000x", names) == "desk-05000"
