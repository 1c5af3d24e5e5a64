"""Arrivals: subscribers arrive one after the other, and not on streams that never opened."""

from __future__ import annotations

from dataclasses import dataclass

from history.arrivals import Arrivals
from history.model import Position, Subscriber

HERE, NEWER = Position("e", 1), Position("e", 2)


@dataclass(eq=False)
class Follower:
    position: Position | None = HERE
    is_open: bool = True

    def recorded(self) -> Subscriber:
        return Subscriber("follower", ())

    async def run(self) -> None: ...


def test_they_need_not_be_on_open_streams_all_at_once() -> None:
    arrivals, one, other = Arrivals(), Follower(), Follower(is_open=False)
    assert arrivals.missing([one, other], HERE) == [other]
    one.is_open, other.is_open = False, True
    assert arrivals.missing([one, other], HERE) == []


def test_who_is_at_the_newest_and_never_on_an_open_stream_is_missing() -> None:
    assert len(Arrivals().missing([Follower(is_open=False)], HERE)) == 1


def test_who_has_arrived_arrives_anew_at_what_is_newer() -> None:
    arrivals, one = Arrivals(), Follower()
    assert arrivals.missing([one], HERE) == []
    one.is_open = False
    assert arrivals.missing([one], NEWER) == [one]
    one.position = NEWER
    assert arrivals.missing([one], NEWER) == [one]
    one.is_open = True
    assert arrivals.missing([one], NEWER) == []


def test_who_has_lost_its_place_is_missing_again() -> None:
    arrivals, one = Arrivals(), Follower()
    assert arrivals.missing([one], HERE) == []
    one.position = None
    assert arrivals.missing([one], HERE) == [one]
