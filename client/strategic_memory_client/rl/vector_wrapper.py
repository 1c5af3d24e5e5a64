"""AdviceVectorWrapper: a vector of environments whose observations, and if asked actions, know the advice."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space, iterate
from numpy.typing import NDArray

from strategic_memory_client.rl.beginnings import Beginnings, Mask
from strategic_memory_client.rl.cautions import CLOSED_ELSEWHERE, NEVER_ACTIVE, Cautions, Episode
from strategic_memory_client.rl.features import FEATURES_VERSION, Features
from strategic_memory_client.rl.held_advice import HeldAdvice
from strategic_memory_client.rl.moments import Moment
from strategic_memory_client.rl.observations import Observation, extended_space, extending
from strategic_memory_client.rl.positions import Action, Positions, scaling_of
from strategic_memory_client.rl.recorded import RecordedAdvice
from strategic_memory_client.rl.sources import FIRST_ADVICE_WITHIN_S, Advising, Source, check_regimes, opening
from strategic_memory_client.rl.wrapper import UNSCALED, check_choices, told
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_client.values.results import FeedbackStatus

_FINAL_OBSERVATION, _FINAL_INFO = "final_obs", "final_info"

Infos = dict[str, Any]


class AdviceVectorWrapper(VectorWrapper[Any, Any, Any, Any, Any]):
    """Adds the features of the advice to the observations of a vector of environments, with one client for all.

    All of them see the same live advice at a step; of a record each sees that of its own time. The three ways of
    beginning an episode anew (NEXT_STEP, SAME_STEP, DISABLED) are those of the environments: under SAME_STEP the
    observations that end an episode, `infos["final_obs"]`, have features too, and `infos["final_info"]` tells of them.

    Args:
        env: what is wrapped; of single observations and actions holds what `AdviceWrapper` says.
        source: host:port of a service, or a `RecordedAdvice`.
        regimes: the regimes that are told apart.
        time: of recorded advice: the key of infos that has the times of a step, an entry for each environment.
        latch: "step", or "episode": each environment keeps the advice of its own last reset.
        advice_for: see `AdviceWrapper`.
        positions: see `AdviceWrapper`.
        features_version: see `AdviceWrapper`.
        unseen_regimes: see `AdviceWrapper`.
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
        latch: str = "step",
        advice_for: str = "preferred",
        positions: Positions | None = None,
        features_version: int = FEATURES_VERSION,
        unseen_regimes: str = "refuse",
        first_within_s: float = FIRST_ADVICE_WITHIN_S,
        options: ClientOptions | None = None,
    ) -> None:
        super().__init__(env)
        check_choices(latch=latch, advice_for=advice_for, unseen_regimes=unseen_regimes)
        self.features = Features(regimes, features_version)
        """What each place of the features means."""
        self._open_source = opening(
            source, of_current=advice_for == "current", first_within_s=first_within_s, options=options
        )
        self._is_recorded = isinstance(source, RecordedAdvice)
        if self._is_recorded and time is None:
            raise ValueError("recorded advice needs the times of each step: give time=, a key of infos")
        check_regimes(self.features.regimes, source, unseen_regimes)
        self._time = time if self._is_recorded else None
        self._latches_episode = latch == "episode"
        self._beginnings = Beginnings(env, must_know=self._latches_episode)
        self._scaled = scaling_of(env.single_action_space, positions)
        self._extend = extending(env.single_observation_space)
        self.single_observation_space = extended_space(env.single_observation_space, self.features.space)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)
        self._advising: list[Advising] = []
        self._process_id = 0
        self._moments: list[Moment | None] = [None] * env.num_envs
        self._held: list[HeldAdvice] = []
        self._episodes = [Episode() for _ in range(env.num_envs)]
        # A caution is told of the line that calls step or reset.
        self._cautions = Cautions(stacklevel=4)

    @property
    def spec(self) -> EnvSpec | None:  # type: ignore[override]  # a property in VectorWrapper too, an attribute in VectorEnv
        """The specification of one environment; on live advice it is not deterministic."""
        spec = deepcopy(super().spec)
        if spec is not None and not self._is_recorded:
            spec.nondeterministic = True
        return spec

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, Infos]:
        """Begin all episodes, or under DISABLED those of `options["reset_mask"]`."""
        mask = self._beginnings.mask_of(options)
        observations, infos = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]  # vectors take a sequence of seeds, their base says one
        self._beginnings.reset(mask)
        self._end_episodes(mask)
        self._look(infos)
        return self._observed(observations, infos, np.full(self.num_envs, UNSCALED), mask)

    def step(self, actions: Action) -> tuple[Any, Any, Any, Any, Infos]:
        """Take a step in each; positions are scaled by the leverage of the advice that was seen before it."""
        applied = np.full(self.num_envs, UNSCALED)
        if self._scaled is not None and self._held:
            seen = zip(self._of_each(), self._held, strict=True)
            applied = np.array([advising.bound(held.leverage) for advising, held in seen])
            asked = zip(iterate(self.env.action_space, actions), applied.tolist(), strict=True)
            actions = np.stack([self._scaled(action, leverage) for action, leverage in asked])
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        ended = np.asarray(terminations, bool) | np.asarray(truncations, bool)
        self._beginnings.step(ended)
        finals = self._finals(infos)
        infos = self._with_finals(infos, finals, applied)
        self._look(infos)
        for place in np.flatnonzero(self._beginnings.acted).tolist():
            held = finals.get(place, self._held[place])
            self._episodes[place].step(is_active=held.status is FeedbackStatus.ACTIVE)
        self._end_episodes(ended)
        # One that has begun anew shows its reset, to which no action led.
        applied = np.where(self._beginnings.begun, UNSCALED, applied)
        observations, infos = self._observed(observations, infos, applied, np.ones(self.num_envs, bool))
        return observations, rewards, terminations, truncations, infos

    def close(self, **kwargs: bool) -> None:
        """Close the environments, and leave the client."""
        advising, self._advising = self._advising, []
        for each in advising:
            each.close()
        super().close(**kwargs)

    def _look(self, infos: Infos) -> None:
        """Hold the advice of now, or under a latch that of those that have begun."""
        self._remember_times(infos)
        advising = self._of_each()
        begun = self._beginnings.begun.tolist()
        looks = [each or not self._latches_episode or not self._held for each in begun]
        if self._is_recorded:
            self._held = [
                each.at(moment) if looks_now else self._held[place]
                for place, (each, moment, looks_now) in enumerate(zip(advising, self._moments, looks, strict=True))
            ]
            return
        now = advising[0].at(None)
        self._held = [now if looks_now else self._held[place] for place, looks_now in enumerate(looks)]
        if advising[0].is_closed_elsewhere:
            self._cautions.warn(CLOSED_ELSEWHERE)

    def _observed(
        self, observations: Observation, infos: Infos, applied: NDArray[np.float64], mask: Mask
    ) -> tuple[Any, Infos]:
        features = np.stack([self.features.of(held) for held in self._held])
        return self._extend(observations, features), {**infos, **self._told(self._held, applied, mask)}

    def _told(self, held: Sequence[HeldAdvice], applied: NDArray[np.float64], mask: Mask) -> Infos:
        """Return what infos say of an advice of each, and as Gymnasium's for which of them."""
        told_of = [told(self.features, each, leverage) for each, leverage in zip(held, applied.tolist(), strict=True)]
        values = {name: np.array([each[name] for each in told_of]) for name in told_of[0]}
        return {**values, **{f"_{name}": mask.copy() for name in values}}

    def _remember_times(self, infos: Infos) -> None:
        if self._time is None:
            return
        if self._time not in infos:
            # Under DISABLED a reset of none has no times.
            if all(moment is not None for moment in self._moments):
                return
            raise _no_times(self._time, infos)
        given = infos.get(f"_{self._time}", np.ones(self.num_envs, bool))
        for place in np.flatnonzero(given).tolist():
            self._moments[place] = infos[self._time][place]

    def _of_each(self) -> list[Advising]:
        """Return the source of each, opened by this process; of a service it is one."""
        if not self._advising or self._process_id != os.getpid():
            count = self.num_envs if self._is_recorded else 1
            self._advising, self._process_id = [self._open_source() for _ in range(count)], os.getpid()
            weakref.finalize(self, _close_all, self._advising)
        return self._advising if self._is_recorded else self._advising * self.num_envs

    def _finals(self, infos: Infos) -> Mapping[int, HeldAdvice]:
        """Return the advice of each observation that ended an episode and is not the one that is shown."""
        if _FINAL_OBSERVATION not in infos:
            return {}
        advising, ended = self._of_each(), np.flatnonzero(infos[f"_{_FINAL_OBSERVATION}"]).tolist()
        if self._latches_episode:
            return {place: self._held[place] for place in ended}
        if not self._is_recorded:
            return dict.fromkeys(ended, advising[0].at(None))
        times = infos.get(_FINAL_INFO, {})
        if self._time not in times:
            raise _no_times(self._time, times)
        return {place: advising[place].at(times[self._time][place]) for place in ended}

    def _with_finals(self, infos: Infos, finals: Mapping[int, HeldAdvice], applied: NDArray[np.float64]) -> Infos:
        """Return the infos of a step, the observations that ended an episode in them with features too."""
        if not finals:
            return infos
        observations = infos[_FINAL_OBSERVATION].copy()
        for place, held in finals.items():
            observations[place] = self._extend(observations[place], self.features.of(held))
        seen = [finals.get(place, each) for place, each in enumerate(self._held)]
        told_of = self._told(seen, applied, np.isin(np.arange(self.num_envs), list(finals)))
        return {
            **infos,
            _FINAL_OBSERVATION: observations,
            _FINAL_INFO: {**infos.get(_FINAL_INFO, {}), **told_of},
        }

    def _end_episodes(self, ended: Mask) -> None:
        for place in np.flatnonzero(ended).tolist():
            if self._episodes[place].end():
                self._cautions.warn(NEVER_ACTIVE)


def _no_times(name: str | None, infos: Mapping[str, Any]) -> ValueError:
    return ValueError(f"time: infos has no key {name!r}; there are {', '.join(infos) or 'none'}")


def _close_all(advising: Sequence[Advising]) -> None:
    for each in advising:
        each.close()
