"""AdviceVectorWrapper: the advice of each environment's own time, in every way of beginning anew and every process."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from client.rl.markets import START_MS, STEP_MS, Given, Market
from client.rl.test_wrapper import BOLD, REGIMES, SHY, record
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from strategic_memory_client.rl import AdviceVectorWrapper, AdviceWrapper, RecordedAdvice

LENGTHS = (4, 7, 30)
NOTHING = np.zeros((3, 1), np.float32)
SOME = np.array([[0.5], [-0.5], [1.0]], np.float32)


def market(length: int, kind: str = "box", actions: str = "box") -> Market:
    """Episodes follow each other in time, so that advice changes within them and between."""
    return Market(kind, actions, length, episode_ms=length * STEP_MS)


def vector(mode: AutoresetMode, kind: str = "box", actions: str = "box") -> SyncVectorEnv:
    made = [partial(market, length, kind, actions) for length in LENGTHS]
    return SyncVectorEnv(made, autoreset_mode=mode)


def advised(length: int, kind: str, options: dict[str, Given]) -> AdviceWrapper:
    return AdviceWrapper(market(length, kind), record(), **options)


@pytest.mark.parametrize("latch", ["step", "episode"])
@pytest.mark.parametrize("kind", ["box", "dict"])
@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_it_is_what_a_wrapper_of_each_environment_gives(mode: AutoresetMode, kind: str, latch: str) -> None:
    options: dict[str, Given] = {"regimes": REGIMES, "time": "time", "positions": "all", "latch": latch}
    outside = AdviceVectorWrapper(vector(mode, kind), record(), **options)
    inside = SyncVectorEnv([partial(advised, each, kind, options) for each in LENGTHS], autoreset_mode=mode)
    assert outside.single_observation_space == inside.single_observation_space
    assert outside.observation_space == inside.observation_space
    found, expected = outside.reset(seed=3), inside.reset(seed=3)
    revisions, told = set(), 0
    for _ in range(25):
        _same(found[0], expected[0])
        assert outside.observation_space.contains(found[0])
        told += _same_infos(found[-1], expected[-1])
        revisions |= set(found[-1]["advice_revision"].tolist())
        if "final_obs" in expected[-1]:
            ended = expected[-1]["_final_obs"]
            assert found[-1]["_final_obs"].tolist() == ended.tolist()
            for place in np.flatnonzero(ended):
                _same(found[-1]["final_obs"][place], expected[-1]["final_obs"][place])
            told += _same_infos(found[-1]["final_info"], expected[-1]["final_info"])
        found, expected = outside.step(SOME), inside.step(SOME)  # type: ignore[assignment]
        assert _taken(outside) == _taken(inside)
        if mode is AutoresetMode.DISABLED and (done := found[2] | found[3]).any():  # type: ignore[misc]
            found, expected = (each.reset(options={"reset_mask": done}) for each in (outside, inside))
    assert revisions == {1, 2}
    assert told >= 25 * 7
    outside.close()
    inside.close()


def _taken(env: Given) -> list[Given]:
    return [np.ravel(each.unwrapped.last_action).tolist() for each in env.unwrapped.envs]


def _same_infos(found: dict[str, Given], expected: dict[str, Given]) -> int:
    """Compare what infos tell of the advice, and return how many keys that were."""
    names = [name for name in expected if name.startswith("advice_")]
    assert {name for name in found if "advice_" in name} == {each for name in names for each in (name, f"_{name}")}
    for name in names:
        # Of a reset of some, the others have no info of their own.
        given = expected[f"_{name}"]
        assert found[f"_{name}"].tolist() == given.tolist()
        assert found[name][given].tolist() == expected[name][given].tolist()
        assert found[name].dtype == expected[name].dtype
    return len(names)


def _same(found: Given, expected: Given) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("actions", "positions"), [("box", "all"), ("discrete", [-1.0, -0.5, 0.0, 0.5, 1.0])])
def test_each_position_is_scaled_by_the_advice_of_its_own_environment(actions: str, positions: Given) -> None:
    known = [(START_MS - 1) * 1_000_000]
    one = RecordedAdvice(known, [SHY], [BOLD])
    env = AdviceVectorWrapper(
        vector(AutoresetMode.NEXT_STEP, actions=actions), one, regimes=REGIMES, time="time", positions=positions
    )
    env.reset(seed=1)
    env.step(np.array([[1.0], [-1.0], [0.0]], np.float32) if actions == "box" else np.array([4, 0, 2]))
    taken = [each.last_action for each in env.unwrapped.envs]  # type: ignore[attr-defined]
    assert [float(np.ravel(each)[0]) for each in taken] == ([0.5, -0.5, 0.0] if actions == "box" else [3, 1, 2])


@pytest.mark.processes
@pytest.mark.parametrize("context", ["fork", "forkserver", "spawn"])
def test_it_works_in_processes(context: str) -> None:
    env = AsyncVectorEnv(
        [lambda: gymnasium.make("client.rl.markets:tests/Market-v0") for _ in range(2)], context=context
    )
    inside = AsyncVectorEnv(
        [
            lambda: AdviceWrapper(
                gymnasium.make("client.rl.markets:tests/Market-v0"), record(), regimes=REGIMES, time="time"
            )
            for _ in range(2)
        ],
        context=context,
    )
    outside = AdviceVectorWrapper(env, record(), regimes=REGIMES, time="time")
    found, expected = outside.reset(seed=5), inside.reset(seed=5)
    _same(found[0], expected[0])
    for _ in range(12):
        found, expected = outside.step(NOTHING[:2]), inside.step(NOTHING[:2])  # type: ignore[assignment]
        _same(found[0], expected[0])
        assert found[-1]["advice_revision"].tolist() == expected[-1]["advice_revision"].tolist()
    outside.close()
    inside.close()


def test_make_vec_wraps() -> None:
    env = gymnasium.make_vec(
        "client.rl.markets:tests/Market-v0",
        num_envs=2,
        vectorization_mode="sync",
        wrappers=(lambda each: AdviceWrapper(each, record(), regimes=REGIMES, time="time"),),
    )
    assert env.reset(seed=1)[1]["advice_revision"].tolist() == [1, 1]
    env.close()
    with pytest.raises(ValueError, match="needs the times of each step"):
        AdviceVectorWrapper(vector(AutoresetMode.NEXT_STEP), record(), regimes=REGIMES)
    with pytest.raises(ValueError, match="infos has no key 'clock'"):
        AdviceVectorWrapper(vector(AutoresetMode.NEXT_STEP), record(), regimes=REGIMES, time="clock").reset()


def test_a_way_of_beginning_anew_that_is_not_known_latches_no_episode() -> None:
    env = vector(AutoresetMode.NEXT_STEP)
    env.metadata = {"autoreset_mode": "next"}
    with pytest.raises(ValueError, match=r"is 'next' and no gymnasium\.vector"):
        AdviceVectorWrapper(env, record(), regimes=REGIMES, time="time", latch="episode")
    with pytest.raises(ValueError, match="latch must be one of step, episode, is 'reset'"):
        AdviceVectorWrapper(env, record(), regimes=REGIMES, time="time", latch="reset")


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_episodes_without_active_advice_are_told_once(mode: AutoresetMode) -> None:
    nothing = RecordedAdvice([], [], [])
    env = AdviceVectorWrapper(vector(mode), nothing, regimes=REGIMES, time="time", unseen_regimes="allow")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        env.reset(seed=1)
        for _ in range(LENGTHS[0]):
            assert not told
            env.step(NOTHING)
        for _ in range(10):
            env.step(NOTHING)
    assert [str(each.message).partition(":")[0] for each in told] == ["the advice was never ACTIVE in an episode"]
    assert [Path(each.filename).name for each in told] == [Path(__file__).name]
