"""The clock of Redis is known as well as its answers allow, goes on in between, and is told where it differs."""

from __future__ import annotations

import random

import pytest
from redis.exceptions import NoPermissionError, ResponseError

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.redis_clock import RedisClock

HOUR_MS = 3_600_000
START_MS = 1_770_000_000_000


class World:
    """Redis, this machine, and a clock that nobody sets; the first two are at START_MS when the last is at 0."""

    def __init__(self) -> None:
        self.elapsed_ms = 0
        self.redis_ahead_ms = self.machine_ahead_ms = 0
        self.problems = Problems()
        self.clock = RedisClock(self.problems, lambda: self.elapsed_ms, lambda: self.machine_ms)

    @property
    def redis_ms(self) -> int:
        return START_MS + self.elapsed_ms + self.redis_ahead_ms

    @property
    def machine_ms(self) -> int:
        return START_MS + self.elapsed_ms + self.machine_ahead_ms

    @property
    def skew_ms(self) -> int:
        assert self.clock.skew is not None
        return self.clock.skew.skew_ms

    @property
    def uncertainty_ms(self) -> int:
        assert self.clock.skew is not None
        return self.clock.skew.uncertainty_ms

    def ask(self, there_ms: int = 0, back_ms: int = 0) -> None:
        """Ask Redis for the time, which takes so long each way."""
        asked_ms = self.elapsed_ms
        self.elapsed_ms += there_ms
        seconds, rest_ms = divmod(self.redis_ms, 1000)
        self.elapsed_ms += back_ms
        self.clock.take([b"%d" % seconds, b"%d" % (rest_ms * 1000)], asked_ms)


def test_this_machine_serves_until_redis_has_told_the_time() -> None:
    world = World()
    world.machine_ahead_ms = HOUR_MS
    assert (world.clock.now_ms(), world.clock.skew) == (START_MS + HOUR_MS, None)
    world.ask()
    assert world.clock.now_ms() == START_MS
    world.elapsed_ms, world.machine_ahead_ms = 60_000, -HOUR_MS
    assert world.clock.now_ms() == START_MS + 60_000


def test_it_is_never_further_off_than_it_says_and_slow_answers_spoil_nothing() -> None:
    world, draw = World(), random.Random(12)
    world.machine_ahead_ms = 500
    for _ in range(2_000):
        world.elapsed_ms += draw.randrange(2_000)
        world.ask(*((draw.randrange(5_000), draw.randrange(5_000)) if draw.random() < 0.5 else (0, draw.randrange(3))))
        assert abs(world.skew_ms - 500) <= world.uncertainty_ms + 1
        assert abs(world.clock.now_ms() - world.redis_ms) <= world.uncertainty_ms + 1
    assert world.uncertainty_ms <= 20
    assert not world.problems.standing


@pytest.mark.parametrize(
    ("ahead_ms", "off_ms"),
    [(0, 0), (-3_000, -3_000), (20, 1), (1_900, 1), (-9_000, -8_001), (-HOUR_MS, -4_000), (HOUR_MS, -4_000)],
)
def test_where_the_first_answer_lay_unread_this_machine_serves_as_far_as_the_answer_allows(
    ahead_ms: int, off_ms: int
) -> None:
    """The process stood still: half of that behind, advice would hold for so much longer."""
    world = World()
    world.machine_ahead_ms = ahead_ms
    world.ask(0, 8_000)
    assert world.clock.now_ms() - world.redis_ms == off_ms
    assert abs(off_ms) <= world.uncertainty_ms + 1
    world.ask(1, 1)
    assert abs(world.clock.now_ms() - world.redis_ms) <= 2


@pytest.mark.parametrize("by_ms", [HOUR_MS, -HOUR_MS])
def test_a_clock_that_is_set_is_followed_at_once_and_told(by_ms: int) -> None:
    world = World()
    world.ask()
    world.redis_ahead_ms = world.machine_ahead_ms = by_ms
    assert world.clock.agrees_with(START_MS)
    assert not world.clock.agrees_with(world.redis_ms)
    world.ask(1, 1)
    assert abs(world.clock.now_ms() - world.redis_ms) <= 1
    assert f"3600.0 s {'forward' if by_ms > 0 else 'back'}" in world.problems.standing["redis_clock_set"]


def test_what_is_known_better_does_not_set_the_time_back() -> None:
    world = World()
    world.ask(there_ms=100)
    before_ms = world.clock.now_ms()
    assert before_ms - world.redis_ms == 50
    world.ask()
    assert (world.clock.now_ms(), world.uncertainty_ms >= 50) == (before_ms, True)
    world.elapsed_ms += 40
    assert world.clock.now_ms() == before_ms
    world.elapsed_ms += 40
    assert world.clock.now_ms() == world.redis_ms
    # A clock that was set back is followed at once, however little.
    world.redis_ahead_ms -= 30
    world.ask()
    assert world.clock.now_ms() - world.redis_ms in {-1, 0, 1}


def test_a_time_that_was_off_by_more_than_a_second_is_set_right_at_once() -> None:
    world = World()
    world.machine_ahead_ms = 1_500
    world.ask(there_ms=5_000)
    assert world.clock.now_ms() - world.redis_ms == 1_500
    world.ask()
    assert world.clock.now_ms() == world.redis_ms


def test_a_clock_that_differs_from_that_of_this_machine_is_told_beyond_two_seconds() -> None:
    world = World()
    for off_ms, told in ((1_990, None), (2_010, "2.0 s ahead"), (-HOUR_MS, "3600.0 s behind"), (0, None)):
        world.machine_ahead_ms = off_ms
        world.ask()
        said = world.problems.standing.get("clock_skew")
        assert (said is None) if told is None else (said is not None and told in said), said
    # Where an answer leaves it open, nothing is said.
    unsure = World()
    unsure.machine_ahead_ms = 1_500
    unsure.ask(0, 10_000)
    assert not unsure.problems.standing


def test_a_user_who_may_not_ask_for_the_time_is_told_of_it() -> None:
    world = World()
    world.ask()
    world.machine_ahead_ms = HOUR_MS
    world.clock.take(NoPermissionError("this user has no permissions to run the 'time' command"), 0)
    assert world.clock.now_ms() == world.machine_ms
    assert "+time" in world.problems.standing["redis_clock_unknown"]
    with pytest.raises(ResponseError):
        world.clock.take(ResponseError("BUSY"), 0)
    world.ask()
    assert world.clock.now_ms() == START_MS
    assert "redis_clock_unknown" not in world.problems.standing
