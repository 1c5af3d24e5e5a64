"""Hysteresis of one level: risk is taken away at once, and added once it was asked for for long enough."""

from __future__ import annotations

from random import Random

import pytest
from each_case import each_case

from strategic_memory_server.advice.hysteresis import HysteresisSettings, Moment, Step, Wait, step
from strategic_memory_server.columns.columns import index_column

NOW_MS = 1_766_296_800_000


def at(seconds: float, results: int = 0) -> Moment:
    """So long after the start, when so many results have come, one a second."""
    times = [NOW_MS + 1_000 * number for number in range(1, results + 1)]
    return Moment(NOW_MS + round(seconds * 1000), index_column(times))


BY_RESULTS, BY_TIME = HysteresisSettings(results=3), HysteresisSettings(seconds=60)
BOTH = HysteresisSettings(results=3, seconds=60)


@each_case("settings", [BY_RESULTS, BY_TIME, BOTH])
def test_less_is_followed_at_once(settings: HysteresisSettings) -> None:
    assert step(Step(2.0), 0.5, at(0), settings) == Step(0.5)
    assert step(Step(1.0), 1.0, at(0), settings) == Step(1.0)


def test_more_is_followed_after_so_many_results() -> None:
    stands = Step(1.0)
    for results in (0, 1, 2):
        stands = step(stands, 1.5, at(9_999, results), BY_RESULTS)
        assert stands == Step(1.0, 1.5, Wait(NOW_MS + 9_999_000, None))
    assert step(stands, 1.5, at(9_999, 3), BY_RESULTS) == Step(1.5)


def test_more_is_followed_after_so_long_whatever_the_results() -> None:
    stands = step(Step(1.0), 1.5, at(10), BY_TIME)
    assert step(stands, 1.5, at(69.999, 50), BY_TIME) == stands
    assert step(stands, 1.5, at(70), BY_TIME) == Step(1.5)


def test_of_results_and_time_whichever_passes_first_counts() -> None:
    stands = step(Step(1.0), 1.5, at(0, 1), BOTH)
    assert step(stands, 1.5, at(59, 3), BOTH) == stands
    assert step(stands, 1.5, at(59, 4), BOTH) == Step(1.5)
    assert step(stands, 1.5, at(60, 3), BOTH) == Step(1.5)


def test_what_is_followed_is_the_least_that_was_asked_for_and_the_rest_waits_from_then_on() -> None:
    stands = step(Step(1.0), 1.8, at(0), BY_TIME)
    for seconds, asked in ((10, 1.2), (20, 2.0)):
        stands = step(stands, asked, at(seconds), BY_TIME)
        assert stands == Step(1.0, 1.2, Wait(NOW_MS, None)) or seconds < 10
    assert step(stands, 1.9, at(60), BY_TIME) == Step(1.2, 1.9, Wait(NOW_MS + 60_000, None))


def test_what_is_taken_back_has_flapped_and_waits_anew() -> None:
    stands = step(Step(1.0), 1.5, at(0), BY_TIME)
    assert step(stands, 1.0, at(59), BY_TIME) == Step(1.0, flapped=True)
    assert step(stands, 0.7, at(59), BY_TIME) == Step(0.7, flapped=True)
    assert step(Step(1.0), 1.5, at(60), BY_TIME) == Step(1.0, 1.5, Wait(NOW_MS + 60_000, None))


def test_a_clock_that_is_set_back_makes_the_wait_begin_anew_and_last_no_longer_than_it_has_to() -> None:
    stands = step(Step(1.0), 1.5, at(3_600), BY_TIME)
    stands = step(stands, 1.5, at(0), BY_TIME)
    assert stands == Step(1.0, 1.5, Wait(NOW_MS, None))
    assert step(stands, 1.5, at(60), BY_TIME) == Step(1.5)


def test_results_of_a_stream_that_was_made_anew_count_from_where_it_stands() -> None:
    microseconds = Moment(NOW_MS, index_column([NOW_MS * 1_000]))
    stands = step(Step(1.0), 1.5, microseconds, BY_RESULTS)
    stands = step(stands, 1.5, at(1, 1), BY_RESULTS)
    assert stands == Step(1.0, 1.5, Wait(NOW_MS, NOW_MS + 1_000))
    assert step(stands, 1.5, at(1, 4), BY_RESULTS) == Step(1.5)


@each_case("seed", range(20))
def test_no_level_is_followed_that_was_not_asked_for_long_enough(seed: int) -> None:
    """Against what was promised, looked up in the whole history of what was asked for."""
    random = Random(seed)
    settings = HysteresisSettings(random.choice([0, 2, 5]), random.choice([7.0, 30.0]))
    stands, asked, results, seconds = Step(1.0), 1.0, 0, 0.0
    history: list[tuple[float, float, int, float]] = []
    rises = 0
    for _ in range(400):
        seconds += random.choice([0.0, 1.0, 5.0])
        results += random.choice([0, 0, 1])
        asked = (
            random.choice([0.5, 0.7, 1.0, 1.2, 1.5, 2.0]) if random.random() < 0.15 or not history else history[-1][3]
        )
        after = step(stands, asked, at(seconds, results), settings)
        history.append((after.followed, seconds, results, asked))
        assert after.followed <= asked
        if after.followed > stands.followed:
            rises += 1
            asked_long_enough = [
                all(each[3] >= after.followed for each in history[place:])
                and (seconds - begun >= settings.seconds or 0 < settings.results <= results - counted)
                for place, (_, begun, counted, _) in enumerate(history)
            ]
            assert any(asked_long_enough)
        stands = after
    assert rises > 3
    stands = step(step(stands, 2.0, at(seconds), settings), 2.0, at(seconds + 30), settings)
    assert step(stands, 2.0, at(seconds + 60), settings) == Step(2.0), "what stays asked for is followed in the end"


@pytest.mark.parametrize("values", [(-1, 0.0), (0, -1.0), (0, float("nan")), (0, float("inf"))])
def test_what_makes_no_sense_is_refused(values: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        HysteresisSettings(*values)


def test_it_is_off_unless_asked_for() -> None:
    assert not HysteresisSettings().is_on
    assert HysteresisSettings(results=1).is_on
    assert HysteresisSettings(seconds=0.1).is_on
