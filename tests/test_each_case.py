"""Cases in one test: all are tried, and the one that fails is named."""

from __future__ import annotations

import pytest
from each_case import each_case


@each_case("number", range(2))
@each_case(("text", "again"), [("a", "a"), ("b", "b")])
def tries(number: int, text: str, again: str, tried: list[tuple[int, str]]) -> None:
    assert text == again
    tried.append((number, text))


def test_every_case_is_tried_in_turn() -> None:
    tried: list[tuple[int, str]] = []
    tries(tried=tried)
    assert tried == [(0, "a"), (0, "b"), (1, "a"), (1, "b")]


@each_case("number", range(3))
async def test_fixtures_and_coroutines_are_as_ever(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBER", str(number))


@each_case("number", range(3))
def fails_at_two(number: int) -> None:
    assert number < 2


def test_the_case_that_fails_is_named() -> None:
    with pytest.raises(AssertionError) as failed:
        fails_at_two()
    assert failed.value.__notes__ == ["case: number=2"]


def test_no_cases_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="shows nothing"):
        each_case("number", [])
