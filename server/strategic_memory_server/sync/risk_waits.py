"""Lets risk that is added wait, where it has to: hysteresis, upon what is said at the moment."""

from __future__ import annotations

from strategic_memory_server.advice.held_advice import HeldAdvice, hold
from strategic_memory_server.advice.hysteresis import HysteresisSettings, Moment
from strategic_memory_server.advice.other_policies import advice_by_policy
from strategic_memory_server.advice.override import without_override
from strategic_memory_server.advice.probe import Completed
from strategic_memory_server.memory.leverage_cap import by_source
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.lease import Claim


async def held_back(
    completed: Completed,
    publisher: FeedbackPublisher,
    settings: HysteresisSettings,
    claim: Claim,
    moment: Moment,
) -> HeldAdvice:
    """Return what is followed of an advice.

    Args:
        completed: what the rules advise, and what it rests on.
        publisher: knows what is said.
        settings: how long more risk has to be asked for.
        claim: what is written under.
        moment: the present.

    Raises:
        DeposedError: the claim is not good any more.
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    advice = completed.advice
    if not settings.is_on:
        return HeldAdvice(advice)
    by_policy = advice_by_policy(completed.estimates, by_source(advice.leverage_caps))
    said = await publisher.in_force(claim, moment.now_ms)
    # What an operator has a hand in is not what the rules had come to.
    return hold(advice, by_policy, said and without_override(said), settings, moment)
