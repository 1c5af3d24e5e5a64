"""AdviceVectorWrapper: a vector of environments whose observations, and if asked actions, know the advice."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space, iterate

from strategic_memory_client.rl.features import Features
from strategic_memory_client.rl.held_advice import HeldAdvice
from strategic_memory_client.rl.moments import Moment
from strategic_memory_client.rl.observations import Observation, extended_space, extending
from strategic_memory_client.rl.positions import Action, Positions, scaling_of
from strategic_memory_client.rl.recorded import RecordedAdvice
from strategic_memory_client.rl.sources import FIRST_ADVICE_WITHIN_S, Advising, Source, opening
from strategic_memory_client.rl.wrapper import ADVICE_FOR, checked_choice, told
from strategic_memory_client.values.options import ClientOptions

_FINAL_OBSERVATION, _FINAL_INFO = "final_obs", "final_info"


class AdviceVectorWrapper(VectorWrapper[Any, Any, Any, Any, Any]):
    """Adds the features of the advice to the observations of a vector of environments, with one client for all.

    All of them see the same live advice at a step; of a record each sees that of its own time. The three ways of
    beginning an episode anew (NEXT_STEP, SAME_STEP, DISABLED) are those of the environments: under SAME_STEP the
    observations that end an episode, `infos["final_obs"]`, have features too.

    Args:
        env: what is wrapped; of single observations and actions holds what `AdviceWrapper` says.
        source: host:port of a service, or a `RecordedAdvice`.
        regimes: the regimes that are told apart.
        time: of recorded advice: the key of infos that has the times of a step, an entry for each environment.
        advice_for: see `AdviceWrapper`.
        positions: see `AdviceWrapper`.
        first_within_s: longest wait for the first advice at the first `reset`, seconds.
        options: of the client: TLS, a token.

    Raises:
        ValueError, TypeError: something of this cannot work.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        source: Source,
        *,
        regimes: Sequence[str],
        time: str | None = None,
        advice_for: str = "preferred",
        positions: Positions | None = None,
        first_within_s: float = FIRST_ADVICE_WITHIN_S,
        options: ClientOptions | None = None,
    ) -> None:
        super().__init__(env)
        checked_choice("advice_for", advice_for, ADVICE_FOR)
        self.features = Features(regimes)
        """What each place of the features means."""
        self._open_source = opening(
            source, of_current=advice_for == "current", first_within_s=first_within_s, options=options
        )
        self._is_recorded = isinstance(source, RecordedAdvice)
        if self._is_recorded and time is None:
            raise ValueError("recorded advice needs the times of each step: give time=, a key of infos")
        self._time = time
        self._scaled = scaling_of(env.single_action_space, positions)
        self._extend = extending(env.single_observation_space)
        self.single_observation_space = extended_space(env.single_observation_space, self.features.space)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)
        self._advising: list[Advising] = []
        self._process_id = 0
        self._moments: list[Moment | None] = [None] * env.num_envs
        self._held: list[HeldAdvice] = []

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin all episodes, or under DISABLED those of `options["reset_mask"]`."""
        observations, infos = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]  # vectors take a sequence of seeds, their base says one
        return self._observed(observations, infos)

    def step(self, actions: Action) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Take a step in each; positions are scaled by the leverage of the advice that was seen before it."""
        if self._scaled is not None and self._held:
            advising = self._advising if self._is_recorded else self._advising * self.num_envs
            seen = zip(iterate(self.env.action_space, actions), self._held, advising, strict=True)
            scaled = [self._scaled(action, each.bound(held.leverage)) for action, held, each in seen]
            actions = np.stack(scaled)
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        infos = self._with_final(infos)
        observations, infos = self._observed(observations, infos)
        return observations, rewards, terminations, truncations, infos

    def close(self, **kwargs: bool) -> None:
        """Close the environments, and leave the client."""
        advising, self._advising = self._advising, []
        for each in advising:
            each.close()
        super().close(**kwargs)

    def _observed(self, observations: Observation, infos: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        self._remember_times(infos)
        self._held = self._advice()
        features = np.stack([self.features.of(held) for held in self._held])
        told_of = [told(self.features, held) for held in self._held]
        infos = {**infos, **{name: np.array([each[name] for each in told_of]) for name in told_of[0]}}
        return self._extend(observations, features), infos

    def _remember_times(self, infos: dict[str, Any]) -> None:
        if self._time is None:
            return
        if self._time not in infos:
            # Under DISABLED a reset of none has no times.
            if all(moment is not None for moment in self._moments):
                return
            raise ValueError(f"time: infos has no key {self._time!r}; there are {', '.join(infos) or 'none'}")
        given = infos.get(f"_{self._time}", np.ones(self.num_envs, bool))
        for place in np.flatnonzero(given).tolist():
            self._moments[place] = infos[self._time][place]

    def _advice(self) -> list[HeldAdvice]:
        if not self._advising or self._process_id != os.getpid():
            count = self.num_envs if self._is_recorded else 1
            self._advising, self._process_id = [self._open_source() for _ in range(count)], os.getpid()
            weakref.finalize(self, _close_all, self._advising)
        if not self._is_recorded:
            return [self._advising[0].at(None)] * self.num_envs
        return [each.at(moment) for each, moment in zip(self._advising, self._moments, strict=True)]

    def _with_final(self, infos: dict[str, Any]) -> dict[str, Any]:
        """Return the infos of a step, the observations that ended an episode in them with features too."""
        if _FINAL_OBSERVATION not in infos:
            return infos
        finals = infos[_FINAL_OBSERVATION].copy()
        for place in np.flatnonzero(infos[f"_{_FINAL_OBSERVATION}"]).tolist():
            held = self._held[0]
            if self._is_recorded:
                held = self._advising[place].at(infos[_FINAL_INFO][self._time][place])
            finals[place] = self._extend(finals[place], self.features.of(held))
        return {**infos, _FINAL_OBSERVATION: finals}


def _close_all(advising: Sequence[Advising]) -> None:
    for each in advising:
        each.close()
