"""Exploration: trying a policy that may turn out better, and keeping it long enough to learn from it.

A synchronous state machine over values: the state can be written down anywhere and taken up again. It counts
observations of each regime, so nothing has to be fed to it between two choices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.policy import Policy

Worth = TypeVar("Worth", float, Floats)

MAX_TRIALS = 1_000
"""Trials that are remembered at once; one more, and all others begin afresh: names of regimes are made up anew."""

_ROUNDING = 1e-9
"""Share by which equal bounds may differ: before anything is seen, only rounding tells them apart."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A policy being tried in a regime since the regime had so many observations."""

    policy: Policy
    since: int

    def lasts(self, observations: int, hold: int) -> bool:
        """Say whether it is still kept; not when the regime has fewer observations than it had (history was lost)."""
        return 0 <= observations - self.since < hold

    def seen(self, observations: int) -> int:
        """How many observations of the regime came since it began."""
        return max(observations - self.since, 0)


@dataclass(frozen=True, slots=True)
class Exploration:
    """What is being tried.

    Attributes:
        trials: by regime.
        later: what a later version of this software has written, as it is stored: nothing is tried while it stands.
    """

    trials: Mapping[str, Trial] = field(default_factory=dict)
    later: bytes = b""

    def holds(self, regime: str, observations: int, hold: int) -> bool:
        """Say whether the regime's policy stands, so that nothing needs to be chosen."""
        trial = self.trials.get(regime)
        return trial is not None and trial.lasts(observations, hold)

    def of(self, regime: str) -> Exploration:
        """Return what is being tried in one regime alone: nothing else decides what is chosen there."""
        if self.later:
            return self
        return Exploration({regime: self.trials[regime]}) if regime in self.trials else NOTHING_TRIED

    def ended(self) -> Exploration:
        """Return what is left where nothing is to be tried: what a later version has written, and nothing else."""
        return self if self.later else NOTHING_TRIED


NOTHING_TRIED = Exploration()


def optimistic_worth(utility: Worth, deviation: Worth, width: float) -> Worth:
    """Return U + z sd: what a policy may turn out to be worth, from the mean and standard deviation of its utility."""
    return utility + width * deviation


def next_trial(
    exploration: Exploration, regime: str, observations: int, optimistic: Sequence[float], hold: int
) -> tuple[Policy, Exploration]:
    """Keep the policy of a regime while its trial lasts; then choose the most promising one.

    Upper confidence bound: argmax of U + z sd (Kaufmann, Cappe and Garivier, AISTATS 2012, with a fixed z). A choice
    that stays the same needs no new trial: it has been kept long enough to be left at any time.

    Args:
        exploration: the state.
        regime: the current regime.
        observations: observations of that regime so far.
        optimistic: U + z sd of the three policies; of two equal ones, the one that risks less is taken.
        hold: observations for which a policy is kept.

    Returns:
        The policy to follow, and the next state.
    """
    trial = exploration.trials.get(regime)
    if trial is not None and trial.lasts(observations, hold):
        return trial.policy, exploration
    least = max(optimistic) - _ROUNDING * max(map(abs, optimistic))
    chosen = next(policy for policy in Policy if optimistic[policy] >= least)
    if trial is not None and trial.policy is chosen and trial.since <= observations:
        return chosen, exploration
    others = exploration.trials if len(exploration.trials) < MAX_TRIALS else {}
    return chosen, Exploration({**others, regime: Trial(chosen, observations)})


def explore(
    exploration: Exploration, current: RegimeEstimate, settings: EvidenceSettings, *, may_begin: bool = True
) -> tuple[Policy, Exploration]:
    """Choose the policy to follow in the current regime: the recommended one while exploring is off.

    Args:
        exploration: the state.
        current: what is known of the current regime.
        settings: whether and how to explore.
        may_begin: whether a trial may begin; while trades are missing from the sums, what stands goes on standing.

    Returns:
        The policy to follow, and the next state.
    """
    if not settings.explore or exploration.later:
        return current.recommended, exploration.ended()
    if not may_begin:
        trial = exploration.trials.get(current.regime)
        if trial is None or trial.since > current.observations:
            return current.recommended, exploration
        return trial.policy, exploration
    worth = [
        optimistic_worth(policy.utility, policy.utility_deviation, settings.exploration_width)
        for policy in current.policies
    ]
    return next_trial(exploration, current.regime, current.observations, worth, settings.trial_hold)
