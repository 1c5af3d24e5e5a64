"""AdviceWrapper: an environment whose observations, and if asked actions, know the advice."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import RecordConstructorArgs

from strategic_memory_client.rl.cautions import CLOSED_ELSEWHERE, NEVER_ACTIVE, Cautions, Episode
from strategic_memory_client.rl.features import FEATURES_VERSION, Features
from strategic_memory_client.rl.held_advice import POLICIES, HeldAdvice
from strategic_memory_client.rl.moments import Moment
from strategic_memory_client.rl.observations import Observation, extended_space, extending
from strategic_memory_client.rl.positions import Action, Positions, scaling_of
from strategic_memory_client.rl.sources import FIRST_ADVICE_WITHIN_S, Advising, Source, check_regimes, opening
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_client.values.results import FeedbackStatus

Time = str | Callable[[gymnasium.Env[Any, Any]], Moment]

_CHOICES = {"latch": ("step", "episode"), "advice_for": ("preferred", "current"), "unseen_regimes": ("refuse", "allow")}

UNSCALED = 1.0
"""The leverage that is told where an action was left as it is, or where there was none."""


class AdviceWrapper(
    gymnasium.Wrapper[Any, Any, Any, Any],
    RecordConstructorArgs,
):
    """Adds the features of the advice to each observation, and numbers about it to each info.

    A client is made at the first `reset`, in the process that runs the environment, and closed with it, or when it is
    dropped; those of a process for one address share their connection and threads. Advice never makes `step` fail:
    without a service the safe values hold.

    Args:
        env: what is wrapped. Its observations are a flat Box, which becomes float32, or a Dict of one level.
        source: host:port of a service (several with commas), or a `RecordedAdvice`.
        regimes: the regimes that are told apart; others count as OTHER.
        time: of recorded advice: the key of info that has the time of each step, or a function of the environment.
        latch: "step": each step sees the newest advice; "episode": that of its `reset`.
        advice_for: "preferred": what is advised for the regime that pays best, as the service's main fields say it;
            "current": for the regime that is, and the safe values where nothing is known of it.
        positions: what part of an action is multiplied by the leverage; see `positions.scaling_of`. None: nothing is.
        features_version: version of the features; what was trained on one is given that one.
        unseen_regimes: of recorded advice: "refuse" a name of `regimes` that never occurs in it, or "allow" it.
        first_within_s: longest wait for the first advice at the first `reset`, seconds.
        options: of the client: TLS, a token; they stand in `spec` too, so give `token_file` in place of `token`.

    Raises:
        ValueError, TypeError: something of this cannot work.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        source: Source,
        *,
        regimes: Sequence[str],
        time: Time | None = None,
        latch: str = "step",
        advice_for: str = "preferred",
        positions: Positions | None = None,
        features_version: int = FEATURES_VERSION,
        unseen_regimes: str = "refuse",
        first_within_s: float = FIRST_ADVICE_WITHIN_S,
        options: ClientOptions | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self, source=source, regimes=regimes, time=time, latch=latch, advice_for=advice_for, positions=positions,
            features_version=features_version, unseen_regimes=unseen_regimes, first_within_s=first_within_s,
            options=options,
        )  # fmt: skip
        gymnasium.Wrapper.__init__(self, env)
        check_choices(latch=latch, advice_for=advice_for, unseen_regimes=unseen_regimes)
        self.features = Features(regimes, features_version)
        """What each place of the features means."""
        self._is_live = isinstance(source, str)
        self._open_source = opening(
            source, of_current=advice_for == "current", first_within_s=first_within_s, options=options
        )
        if not self._is_live and time is None:
            raise ValueError("recorded advice needs the time of each step: give time=, a key of info or a function")
        check_regimes(self.features.regimes, source, unseen_regimes)
        self._time, self._latches_episode = time, latch == "episode"
        self._scaled = scaling_of(env.action_space, positions)
        self._extend = extending(env.observation_space)
        self.observation_space = extended_space(env.observation_space, self.features.space)
        self._advising: Advising | None = None
        self._process_id = 0
        self._held: HeldAdvice | None = None
        self._episode = Episode()
        # A caution is told of the line that calls step or reset.
        self._cautions = Cautions(stacklevel=4)

    @property
    def spec(self) -> EnvSpec | None:  # type: ignore[override]  # a property in Wrapper too, an attribute in Env
        """The specification of the environment; on live advice it is not deterministic."""
        spec = super().spec
        if spec is not None and self._is_live:
            spec.nondeterministic = True
        return spec

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, the first time with a client of its own."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._end_episode()
        self._held = self._advice(info)
        return self._observed(observation, info, self._held, UNSCALED)

    def step(self, action: Action) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take a step; a position is scaled by the leverage that was seen before it, or by a lower one of now."""
        applied = UNSCALED
        if self._scaled is not None:
            applied = self._leverage()
            action = self._scaled(action, applied)
        observation, reward, terminated, truncated, info = self.env.step(action)
        if not self._latches_episode or self._held is None:
            self._held = self._advice(info)
        self._episode.step(is_active=self._held.status is FeedbackStatus.ACTIVE)
        observation, info = self._observed(observation, info, self._held, applied)
        if terminated or truncated:
            self._end_episode()
        return observation, reward, terminated, truncated, info

    def close(self) -> None:
        """Close the environment, and leave the client."""
        advising, self._advising = self._advising, None
        if advising is not None:
            advising.close()
        super().close()

    def __getstate__(self) -> dict[str, Any]:
        """A copy opens a client of its own, and what is held of a service is no longer what it advises."""
        return {**self.__dict__, "_advising": None, "_held": None if self._is_live else self._held}

    def _leverage(self) -> float:
        """Return what the leverage is now: that of the advice that was seen, or a lower one that has come since."""
        advising = self._opened()
        if self._held is None and self._is_live:
            self._held = advising.at(None)
        return UNSCALED if self._held is None else advising.bound(self._held.leverage)

    def _advice(self, info: dict[str, Any]) -> HeldAdvice:
        advising = self._opened()
        held = advising.at(self._moment(info))
        if advising.is_closed_elsewhere:
            self._cautions.warn(CLOSED_ELSEWHERE)
        return held

    def _opened(self) -> Advising:
        """Return the source, opened by this process."""
        if self._advising is None or self._process_id != os.getpid():
            self._advising, self._process_id = self._open_source(), os.getpid()
            weakref.finalize(self, self._advising.close)
        return self._advising

    def _moment(self, info: dict[str, Any]) -> Moment | None:
        if self._time is None or self._is_live:
            return None
        if isinstance(self._time, str):
            if self._time not in info:
                raise ValueError(f"time: info has no key {self._time!r}; there are {', '.join(info) or 'none'}")
            moment: Moment = info[self._time]
            return moment
        return self._time(self.env)

    def _observed(
        self, observation: Observation, info: dict[str, Any], held: HeldAdvice, applied: float
    ) -> tuple[Observation, dict[str, Any]]:
        return self._extend(observation, self.features.of(held)), {**info, **told(self.features, held, applied)}

    def _end_episode(self) -> None:
        if self._episode.end():
            self._cautions.warn(NEVER_ACTIVE)


def told(features: Features, held: HeldAdvice, applied: float) -> dict[str, Any]:
    """Return what an info says of an advice: flat, numbers of one type each, and nothing that a clock decides.

    Args:
        features: of the wrapper.
        held: the advice that the observation shows.
        applied: what the action that led to the observation was multiplied by.
    """
    return {
        "advice_revision": np.int64(held.revision),
        "advice_is_active": np.int64(held.status is FeedbackStatus.ACTIVE),
        "advice_policy": np.int64(POLICIES.index(held.policy)),
        "advice_confidence": np.float64(held.confidence),
        "advice_leverage": np.float64(held.leverage),
        "advice_leverage_applied": np.float64(applied),
        "advice_regime": np.int64(features.regime_place(held)),
    }


def check_choices(**chosen: object) -> None:
    """Raise ValueError for an option that is none of its choices."""
    for name, value in chosen.items():
        if value not in _CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(_CHOICES[name])}, is {value!r}")
