"""AdviceWrapper on recorded advice: spaces, infos, latches, actions, and Gymnasium's own check."""

from __future__ import annotations

import copy
import pickle
import warnings
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from client.rl.markets import START_MS, STEP_MS, Given, Market
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from gymnasium.utils.env_checker import check_env

from strategic_memory_client import FeedbackStatus, Policy, StrategicMemoryClient
from strategic_memory_client.rl import FEATURES_VERSION, AdviceWrapper, Features, HeldAdvice, RecordedAdvice

MS = 1_000_000
REGIMES = ("bull", "else")

BOLD = HeldAdvice(FeedbackStatus.ACTIVE, Policy.AGGRESSIVE, 0.8, 1.5, "BULL", 1, (0.1, 0.2, 0.7), 40.0)
SHY = HeldAdvice(FeedbackStatus.ACTIVE, Policy.BALANCED, 0.4, 0.5, "ELSE", 2)


def record() -> RecordedAdvice:
    """Bold from before the start on, shy from before the tenth step on."""
    known = [(START_MS - 1) * MS, (START_MS + 10 * STEP_MS - 1) * MS]
    return RecordedAdvice(known, [BOLD, SHY], [SHY, BOLD])


def taking(source: Given) -> AdviceWrapper:
    return AdviceWrapper(Market(), source, regimes=REGIMES)


def wrapped(env: gymnasium.Env[Any, Any] | None = None, **options: Given) -> AdviceWrapper:
    return AdviceWrapper(env or Market(), record(), **{"regimes": REGIMES, "time": "time", **options})


def test_the_features_are_what_the_advice_says_within_exact_bounds() -> None:
    features = Features(REGIMES)
    assert (features.version, len(features)) == (FEATURES_VERSION, len(features.names))
    told = dict(zip(features.names, features.of(BOLD).tolist(), strict=True))
    assert {name: value for name, value in told.items() if value} == pytest.approx({
        "confidence": 0.8, "leverage": 1.5, "policy_aggressive": 1, "regime_bull": 1, "status_active": 1,
        "is_evidence_known": 1, "probability_best_conservative": 0.1, "probability_best_balanced": 0.2,
        "probability_best_aggressive": 0.7, "log_effective_trades": np.log1p(40.0), "drawdown_guard": 1,
    })  # fmt: skip
    told = dict(zip(features.names, features.of(SHY).tolist(), strict=True))
    assert (told["regime_else"], told["is_evidence_known"], told["policy_balanced"]) == (1, 0, 1)
    assert features.of(SHY) is not features.of(SHY)
    wild = HeldAdvice(FeedbackStatus.STALE, Policy.CONSERVATIVE, 3.0, 9.0, "BULL", 1, (-1, 2, 0), 1e300)
    assert features.space.contains(features.of(wild))
    assert np.isfinite(features.space.low).all()
    assert np.isfinite(features.space.high).all()


def test_version_1_of_the_features_stays_as_it_was() -> None:
    """A model that was trained on them reads each at its place: a change is another version."""
    features = Features(["BULL", "BEAR"], 1)
    assert features.names == (
        "confidence", "leverage", "policy_conservative", "policy_balanced", "policy_aggressive", "regime_bull",
        "regime_bear", "regime_other", "status_warming_up", "status_active", "status_stale", "is_evidence_known",
        "probability_best_conservative", "probability_best_balanced", "probability_best_aggressive",
        "log_effective_trades",
    )  # fmt: skip
    bold = [0.8, 1.5, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0.1, 0.2, 0.7, np.log(41.0)]
    shy = [0.4, 0.5, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]
    for advice, values in ((BOLD, bold), (SHY, shy)):
        np.testing.assert_array_equal(features.of(advice), np.array(values, np.float32))
    np.testing.assert_array_equal(features.space.low, np.zeros(16, np.float32))
    np.testing.assert_array_equal(features.space.high, np.array([1, 2, *[1] * 13, np.log(1e6 + 1)], np.float32))


def test_version_2_of_the_features_adds_the_drawdown_guard() -> None:
    before, features = Features(["BULL", "BEAR"], 1), Features(["BULL", "BEAR"], 2)
    assert features.names == (*before.names, "drawdown_guard")
    for advice in (BOLD, SHY, replace(BOLD, guard=0.625)):
        np.testing.assert_array_equal(features.of(advice), np.append(before.of(advice), np.float32(advice.guard)))
    assert (features.space.low[-1], features.space.high[-1]) == (0.5, 1.0)
    assert features.of(replace(BOLD, guard=0.0))[-1] == 0.5, "what no server says stays within the bounds"


def test_the_version_of_the_features_goes_with_the_spec() -> None:
    env = AdviceWrapper(gymnasium.make("tests/Market-v0"), record(), regimes=REGIMES, time="time")
    assert env.spec is not None
    kwargs = env.spec.additional_wrappers[-1].kwargs
    assert kwargs is not None
    assert kwargs["features_version"] == env.features.version == 2


@pytest.mark.parametrize("regimes", ["BULL", ["BULL", "bull "], ["OTHER"], [""], ["BULL", 5.0, "5.0"]])
def test_regimes_that_cannot_be_told_apart_are_refused(regimes: Given) -> None:
    with pytest.raises(ValueError, match="regimes must"):
        Features(regimes)


@pytest.mark.parametrize("kind", ["box", "dict"])
@pytest.mark.parametrize("latch", ["step", "episode"])
def test_gymnasium_finds_nothing_wrong(kind: str, latch: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # That it is a wrapper is no news.
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version")
        env = gymnasium.make("tests/Market-v0", kind=kind, bound=1.0)
        check_env(AdviceWrapper(env, record(), regimes=REGIMES, time="time", latch=latch), skip_render_check=True)


def test_each_step_sees_what_was_known_before_it() -> None:
    env = wrapped()
    observation, info = env.reset(seed=1)
    assert observation.dtype == np.float32
    assert env.observation_space.contains(observation)
    revisions = [info["advice_revision"]]
    for _ in range(15):
        observation, *_, info = env.step(np.array([0.0], np.float32))
        assert observation[2:].tolist() == env.features.of(BOLD if info["advice_revision"] == 1 else SHY).tolist()
        revisions.append(info["advice_revision"])
    assert revisions == [1] * 10 + [2] * 6
    assert {name: type(value) for name, value in info.items() if name.startswith("advice_")} == {
        "advice_revision": np.int64, "advice_is_active": np.int64, "advice_policy": np.int64,
        "advice_confidence": np.float64, "advice_leverage": np.float64, "advice_leverage_applied": np.float64,
        "advice_regime": np.int64,
    }  # fmt: skip
    assert (info["advice_policy"], info["advice_regime"]) == (1, 1)
    assert wrapped(advice_for="current").reset(seed=1)[1]["advice_revision"] == 2


def test_an_episode_can_keep_the_advice_it_began_with() -> None:
    env = wrapped(latch="episode")
    env.reset(seed=1)
    assert {int(env.step(np.array([0.0], np.float32))[-1]["advice_revision"]) for _ in range(15)} == {1}


def test_positions_are_scaled_within_the_bounds_of_the_space() -> None:
    env = wrapped(positions="all")
    env.reset(seed=1)
    for asked, taken in ((0.5, 0.75), (-0.5, -0.75), (1.2, 1.5), (-1.5, -1.5)):
        env.step(np.array([asked], np.float32))
        assert env.unwrapped.last_action.tolist() == [taken]  # type: ignore[attr-defined]
        assert env.action_space.contains(env.unwrapped.last_action)  # type: ignore[attr-defined]
    stands_for = [-1.0, -0.5, 0.0, 0.5, 1.0]
    env = wrapped(Market(actions="discrete"), positions=stands_for)
    env.reset(seed=1)
    for asked_action, taken_action in ((0, 0), (1, 1), (3, 3)):
        env.step(asked_action)
        assert env.unwrapped.last_action == taken_action  # type: ignore[attr-defined]
    for _ in range(8):
        env.step(2)
    # Half of 1.0 is 0.5, and half of 0.5 is nearer to it than to nothing, but never more than asked for.
    for asked_action, taken_action in ((4, 3), (3, 2), (0, 1), (2, 2)):
        env.step(asked_action)
        assert env.unwrapped.last_action == taken_action  # type: ignore[attr-defined]
    # One that is none is the environment's to refuse, and does not count from the end.
    for wrong in (-1, 5):
        env.step(wrong)
        assert env.unwrapped.last_action == wrong  # type: ignore[attr-defined]


@pytest.mark.parametrize("places", [np.array([0, 2]), [np.int64(0), 2], (0, 2)])
def test_places_of_positions_are_whole_numbers_of_any_kind(places: Given) -> None:
    env = wrapped(Other(actions=Box(-1.0, 1.0, (3,), np.float32)), positions=places)
    env.reset(seed=1)
    env.step(np.full(3, 0.25, np.float32))
    assert env.unwrapped.last_action.tolist() == [0.375, 0.25, 0.375]  # type: ignore[attr-defined]


def test_infos_tell_by_how_much_an_action_was_multiplied() -> None:
    env = wrapped(positions="all")
    told = [env.reset(seed=1)[1]["advice_leverage_applied"]]
    told += [env.step(np.array([0.1], np.float32))[-1]["advice_leverage_applied"] for _ in range(12)]
    # What is seen with an observation holds for the action after it, the tenth step's for the eleventh.
    assert told == [1.0] + [1.5] * 10 + [0.5] * 2
    bare = wrapped()
    assert {type(bare.reset(seed=1)[1]["advice_leverage_applied"])} == {np.float64}
    assert bare.step(np.array([0.1], np.float32))[-1]["advice_leverage_applied"] == 1.0


def test_a_copy_in_the_middle_of_an_episode_scales_as_the_original_does() -> None:
    env = wrapped(positions="all", latch="episode")
    env.reset(seed=1)
    for other in (env, copy.deepcopy(env), pickle.loads(pickle.dumps(env))):  # noqa: S301
        assert other.step(np.array([0.1], np.float32))[-1]["advice_leverage_applied"] == 1.5
        assert other.unwrapped.last_action.tolist() == pytest.approx([0.15])  # type: ignore[union-attr]


class Other(Market):
    """A market whose spaces are others."""

    def __init__(self, observations: Given = None, actions: Given = None) -> None:
        super().__init__()
        self.observation_space = observations or self.observation_space
        self.action_space = actions or self.action_space


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: AdviceWrapper(Market(), record(), regimes=REGIMES), "needs the time of each step"),
        (lambda: AdviceWrapper(Market(), "nowhere", regimes=REGIMES), "'nowhere' is not one"),
        (lambda: taking(StrategicMemoryClient()), "a StrategicMemoryClient cannot"),
        (lambda: wrapped(regimes=["BULL", "ELS"]), "ELS never occurs in .* which has BULL, ELSE; is it ELSE[?]"),
        (lambda: wrapped(regimes=["BULL", "BULL MARKET"]), "BULL MARKET never occurs .* is it BULL[?]"),
        (lambda: wrapped(unseen_regimes="warn"), "unseen_regimes must be one of refuse, allow"),
        (lambda: wrapped(features_version=3), "features_version must be one of 1, 2, is 3; a newer"),
        (lambda: wrapped(features_version=True), "features_version must be one of 1, 2, is True"),
        (lambda: wrapped(latch="never"), "latch must be one of step, episode"),
        (lambda: wrapped(advice_for="all"), "advice_for must be one of"),
        (lambda: wrapped(positions=[3]), "places from 0 to 0"),
        (lambda: wrapped(positions=0), "positions must be a list, .* is 0"),
        (lambda: wrapped(Other(actions=Discrete(2)), positions=1), "positions must be a list, .* is 1"),
        (lambda: wrapped(regimes=None), "regimes must be a list of names"),
        (lambda: wrapped(first_within_s=0), "first_within_s must be above 0"),
        (lambda: wrapped(options={"timeout_s": 1.0}), "options must be ClientOptions"),
        (lambda: wrapped(positions=[0.5]), "places from 0 to 0"),
        (lambda: wrapped(Other(actions=MultiDiscrete([2, 2])), positions="all"), "cannot be scaled"),
        (lambda: wrapped(Other(actions=Box(1.0, 2.0, (1,))), positions="all"), "0 is outside the bounds"),
        (lambda: wrapped(Other(actions=Discrete(2)), positions=[1.0, 2.0]), "no action stands for 0"),
        (lambda: wrapped(Other(actions=Discrete(2)), positions="all"), "must be the 2 positions"),
        (lambda: wrapped(Other(Box(0, 1, (2, 2)))), "FlattenObservation"),
        (lambda: wrapped(Other(Dict({"advice": Box(0, 1, (2,))}))), "a key 'advice' already"),
        (lambda: wrapped(Other(Dict({"a": Dict({})}))), "may hold no Dict"),
        (lambda: wrapped(time="clock").reset(), "info has no key 'clock'; there are time"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence(make: Given, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        make()


def test_regimes_may_be_given_one_by_one() -> None:
    assert Features(name for name in ("bull", "BEAR")).regimes == ("BULL", "BEAR")  # type: ignore[arg-type]


def test_a_regime_that_is_to_come_later_can_be_listed() -> None:
    env = wrapped(regimes=["UNKNOWN", "CRASH", "BULL"], unseen_regimes="allow")
    assert env.reset(seed=1)[1]["advice_regime"] == 2
    assert wrapped(regimes=["UNKNOWN", "BULL"]).reset(seed=1)[1]["advice_regime"] == 1
    AdviceWrapper(Market(), "127.0.0.1:1", regimes=["CRASH"])


def test_an_episode_without_active_advice_is_told_once() -> None:
    nothing = RecordedAdvice([], [], [])
    env = AdviceWrapper(Market(length=2), nothing, regimes=REGIMES, time="time", unseen_regimes="allow")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        env.reset(seed=1)
        for _ in range(2):
            assert not told
            env.step(np.array([0.0], np.float32))
        for _ in range(4):
            env.reset(seed=1)
            env.step(np.array([0.0], np.float32))
    assert [str(each.message).partition(":")[0] for each in told] == ["the advice was never ACTIVE in an episode"]


def test_a_copy_and_a_pickle_go_on_by_themselves_and_the_spec_makes_another_one() -> None:
    env = AdviceWrapper(gymnasium.make("tests/Market-v0"), record(), regimes=REGIMES, time="time")
    env.reset(seed=1)
    for other in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):  # noqa: S301
        assert other.step(np.array([0.0], np.float32))[-1]["advice_revision"] == 1
    assert env.spec is not None
    assert not env.spec.nondeterministic
    again = gymnasium.make(env.spec)
    assert again.reset(seed=1)[1]["advice_revision"] == 1
    live = AdviceWrapper(gymnasium.make("tests/Market-v0"), "127.0.0.1:1", regimes=REGIMES)
    assert live.spec is not None
    assert live.spec.nondeterministic
