"""AdviceWrapper: an environment whose observations, and if asked actions, know the advice."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import RecordConstructorArgs

from strategic_memory_client.rl.features import Features
from strategic_memory_client.rl.held_advice import POLICIES, HeldAdvice
from strategic_memory_client.rl.moments import Moment
from strategic_memory_client.rl.observations import Observation, extended_space, extending
from strategic_memory_client.rl.positions import Action, Positions, scaling_of
from strategic_memory_client.rl.sources import FIRST_ADVICE_WITHIN_S, Advising, Source, opening
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_client.values.results import FeedbackStatus

Time = str | Callable[[gymnasium.Env[Any, Any]], Moment]

LATCHES = ("step", "episode")
ADVICE_FOR = ("preferred", "current")

CLOSED_ELSEWHERE = "the client of the advice was closed by somebody else: the safe values hold from now on"
NEVER_ACTIVE = (
    "the advice was never ACTIVE in an episode: nothing was learned from it; look at `strategic-memory health`, or at "
    "the times of the recorded advice"
)


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
        first_within_s: float = FIRST_ADVICE_WITHIN_S,
        options: ClientOptions | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self, source=source, regimes=regimes, time=time, latch=latch, advice_for=advice_for, positions=positions,
            first_within_s=first_within_s, options=options,
        )  # fmt: skip
        gymnasium.Wrapper.__init__(self, env)
        checked_choice("latch", latch, LATCHES)
        checked_choice("advice_for", advice_for, ADVICE_FOR)
        self.features = Features(regimes)
        """What each place of the features means."""
        self._is_live = isinstance(source, str)
        self._open_source = opening(
            source, of_current=advice_for == "current", first_within_s=first_within_s, options=options
        )
        if not self._is_live and time is None:
            raise ValueError("recorded advice needs the time of each step: give time=, a key of info or a function")
        self._time, self._latches_episode = time, latch == "episode"
        self._scaled = scaling_of(env.action_space, positions)
        self._extend = extending(env.observation_space)
        self.observation_space = extended_space(env.observation_space, self.features.space)
        self._advising: Advising | None = None
        self._process_id = 0
        self._held: HeldAdvice | None = None
        self._episode_steps, self._was_active = 0, False
        self._warned: set[str] = set()

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
        return self._observed(observation, info, self._held)

    def step(self, action: Action) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take a step; a position is scaled by the leverage that was seen before it, or by a lower one of now."""
        if self._scaled is not None and self._held is not None:
            leverage = self._held.leverage
            action = self._scaled(action, leverage if self._advising is None else self._advising.bound(leverage))
        observation, reward, terminated, truncated, info = self.env.step(action)
        if not self._latches_episode or self._held is None:
            self._held = self._advice(info)
        self._episode_steps += 1
        self._was_active = self._was_active or self._held.status is FeedbackStatus.ACTIVE
        observation, info = self._observed(observation, info, self._held)
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
        """A copy opens a client of its own."""
        return {**self.__dict__, "_advising": None, "_held": None}

    def _advice(self, info: dict[str, Any]) -> HeldAdvice:
        if self._advising is None or self._process_id != os.getpid():
            self._advising, self._process_id = self._open_source(), os.getpid()
            weakref.finalize(self, self._advising.close)
        held = self._advising.at(self._moment(info))
        if self._advising.is_closed_elsewhere:
            self._warn_once(CLOSED_ELSEWHERE)
        return held

    def _moment(self, info: dict[str, Any]) -> Moment | None:
        if self._time is None:
            return None
        if isinstance(self._time, str):
            if self._time not in info:
                raise ValueError(f"time: info has no key {self._time!r}; there are {', '.join(info) or 'none'}")
            moment: Moment = info[self._time]
            return moment
        return self._time(self.env)

    def _observed(
        self, observation: Observation, info: dict[str, Any], held: HeldAdvice
    ) -> tuple[Observation, dict[str, Any]]:
        return self._extend(observation, self.features.of(held)), {**info, **told(self.features, held)}

    def _end_episode(self) -> None:
        if self._episode_steps and not self._was_active:
            self._warn_once(NEVER_ACTIVE)
        self._episode_steps, self._was_active = 0, False

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            # Where warnings are errors, a step must not fail because of the service.
            with suppress(Warning):
                warnings.warn(message, stacklevel=3)


def told(features: Features, held: HeldAdvice) -> dict[str, Any]:
    """Return what an info says of an advice: flat, numbers of one type each, and nothing that a clock decides."""
    return {
        "advice_revision": np.int64(held.revision),
        "advice_is_active": np.int64(held.status is FeedbackStatus.ACTIVE),
        "advice_policy": np.int64(POLICIES.index(held.policy)),
        "advice_confidence": np.float64(held.confidence),
        "advice_leverage": np.float64(held.leverage),
        "advice_regime": np.int64(features.regime_place(held)),
    }


def checked_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise ValueError for what is none of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, is {value!r}")
