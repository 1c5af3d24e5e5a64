"""What becomes of an advice while added risk has to wait: hysteresis, applied to the preferred and the current regime.

Pure: the same advice, the same advice before it and the same moment give the same advice.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.feedback import SAFE_LEVERAGE, Advice, RegimeAdvice
from strategic_memory_server.advice.followed import Followed, FollowedLevel
from strategic_memory_server.advice.guarded_advice import regime_under_guard
from strategic_memory_server.advice.hysteresis import (
    HysteresisSettings,
    LeverageWait,
    Moment,
    PolicyWait,
    Step,
    step,
)
from strategic_memory_server.advice.other_policies import ByPolicy
from strategic_memory_server.advice.rules.waiting_reasons import waiting_reasons
from strategic_memory_server.memory.policy import Policy

SAFE_LEVEL = FollowedLevel(Policy.CONSERVATIVE, SAFE_LEVERAGE)
"""What was followed where nothing was said."""

Flap = tuple[str, str]
"""Which advice (preferred, current), and which part of it (policy, leverage)."""

FLAPS: tuple[Flap, ...] = tuple(itertools.product(("preferred", "current"), ("policy", "leverage")))


@dataclass(frozen=True, slots=True)
class HeldAdvice:
    """An advice whose added risk waits.

    Attributes:
        advice: what to say.
        flaps: where more risk was asked for, and was taken back before it was followed.
    """

    advice: Advice
    flaps: tuple[Flap, ...] = ()


def hold(
    advice: Advice, by_policy: ByPolicy, before: Advice | None, settings: HysteresisSettings, moment: Moment
) -> HeldAdvice:
    """Follow an advice where it adds no risk, and where it has asked for more for long enough.

    What is compared is what a reader acts upon: policy and leverage as they were said, whichever regime they were said
    of. So a change of the preferred or of the current regime is told at once, and adds risk where its policy or its
    leverage is above the one before. What is said never exceeds what the rules advise, in policy or in leverage.

    Args:
        advice: what the rules advise.
        by_policy: what they would advise with another policy, without the drawdown guard; regimes that are not there
            have the same with each.
        before: what is said at this moment, the safe values where its validity has passed; None: nothing is.
        settings: how long more risk has to be asked for.
        moment: the present.
    """
    if not settings.is_on:
        return HeldAdvice(advice)
    followed = _followed(before)
    own = RegimeAdvice(
        advice.preferred_regime,
        advice.updated_policy,
        advice.confidence_boost,
        advice.leverage_hint,
        advice.leverage_bound_by,
    )
    preferred = _hold(own, by_policy, followed.preferred, settings, moment, advice.guard)
    flaps = [("preferred", part) for part in preferred.flaps]
    reasons = waiting_reasons(preferred.said.regime, preferred.level, settings, is_preferred=True)
    said_now, level_now = None, None
    if advice.current is not None:
        level = followed.current or SAFE_LEVEL
        current = _hold(advice.current, by_policy, level, settings, moment, advice.guard)
        said_now, level_now = current.said, current.level
        flaps += [("current", part) for part in current.flaps]
        reasons += waiting_reasons(current.said.regime, current.level, settings, is_preferred=False)
    elif followed.current is not None:
        flaps += [("current", part) for part, _ in followed.current.waits()]
    said = preferred.said
    held = replace(
        advice,
        updated_policy=said.policy,
        confidence_boost=said.confidence_boost,
        leverage_hint=said.leverage_hint,
        leverage_bound_by=said.leverage_bound_by,
        current=said_now,
        reasons=(*advice.reasons, *reasons),
        followed=Followed(preferred.level, level_now),
    )
    return HeldAdvice(held, tuple(flaps))


@dataclass(frozen=True, slots=True)
class _Held:
    said: RegimeAdvice
    level: FollowedLevel
    flaps: tuple[str, ...]


def _followed(before: Advice | None) -> Followed:
    """What was followed: as it is written down, else as it was said."""
    if before is None:
        return Followed(SAFE_LEVEL)
    if before.followed is not None:
        # While it is held by an operator, nobody looks whether the rules go on asking for more.
        return before.followed if before.freeze is None else before.followed.without_waits()
    now = before.current
    current = None if now is None else FollowedLevel(now.policy, now.leverage_hint)
    return Followed(FollowedLevel(before.updated_policy, before.leverage_hint), current)


def _hold(
    asked: RegimeAdvice,
    by_policy: ByPolicy,
    level: FollowedLevel,
    settings: HysteresisSettings,
    moment: Moment,
    guard: GuardReading | None,
) -> _Held:
    policy = step(_stood(level.policy, level.policy_waits), asked.policy, moment, settings)
    said = _with_policy(asked, Policy(int(policy.followed)), by_policy, guard)
    leverage = step(_stood(level.leverage, level.leverage_waits), said.leverage_hint, moment, settings)
    if leverage.followed < said.leverage_hint:
        # What a cap had left of it is lowered further: the cap does not bind any more.
        said = replace(said, leverage_hint=leverage.followed, leverage_bound_by=None)
    after = FollowedLevel(
        said.policy,
        said.leverage_hint,
        PolicyWait(Policy(int(policy.asked)), policy.wait) if policy.wait and policy.asked is not None else None,
        LeverageWait(leverage.asked, leverage.wait) if leverage.wait and leverage.asked is not None else None,
    )
    flaps = tuple(name for name, one in (("policy", policy), ("leverage", leverage)) if one.flapped)
    return _Held(said, after, flaps)


def _stood(followed: float, waits: PolicyWait | LeverageWait | None) -> Step:
    return Step(followed, waits.asked, waits.wait) if waits else Step(followed)


def _with_policy(asked: RegimeAdvice, policy: Policy, by_policy: ByPolicy, guard: GuardReading | None) -> RegimeAdvice:
    """What is advised for the regime with a less bold policy: its own confidence, and the lower of both leverages."""
    if policy is asked.policy:
        return asked
    if asked.regime not in by_policy:
        return replace(asked, policy=policy, is_probe=False)
    other = regime_under_guard(by_policy[asked.regime][policy], guard)
    if other.leverage_hint <= asked.leverage_hint:
        return other
    return replace(other, leverage_hint=asked.leverage_hint, leverage_bound_by=asked.leverage_bound_by)
