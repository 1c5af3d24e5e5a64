"""Feedback logs as somebody finds them: made by hand or from seeded randomness, with entries that are none of ours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import redis
from advice import advice, evidence_view
from brute_force import TradeRow

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, RegimeAdvice, Rules, Times
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.feedback_json import encode_feedback

REGIMES = ("BULL", "BEAR", "RANGE")
VERSIONS = {Rules.REFERENCE: ("1.0.0", "1.1.0"), Rules.EVIDENCE: ("evidence-1.0.0",)}
SIXTEENTHS = [sixteenth / 16 for sixteenth in range(17)]
"""Confidences whose squares, and sums of these, are exact."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the log; `feedback` is None where it is none of ours."""

    entry_id: str
    text: str
    feedback: Feedback | None


def said(
    revision: int,
    said_ms: int,
    *,
    epoch: str = "e1",
    preferred: str = "BULL",
    policy: Policy = Policy.BALANCED,
    confidence: float = 0.75,
    current: RegimeAdvice | None = None,
    rules: Rules = Rules.REFERENCE,
    version: str | None = None,
    seen_ms: int | None = None,
    leverage: float = 1.5,
) -> Feedback:
    """What a revision said. The evidence is left out."""
    told = replace(
        advice(leverage_hint=leverage),
        preferred_regime=preferred,
        updated_policy=policy,
        confidence_boost=confidence,
        current=current,
        rules=rules,
        version=version or VERSIONS[rules][0],
    )
    times = Times(said_ms, said_ms if seen_ms is None else seen_ms, said_ms + 180_000)
    return Feedback(told, FeedbackStatus.ACTIVE, revision, epoch, times)


def entry_of(feedback: Feedback) -> LogEntry:
    """The entry that the service writes."""
    return LogEntry(f"{feedback.revision}-0", encode_feedback(feedback), feedback)


def random_feedback(random: Random, revision: int, said_ms: int, before: Feedback | None) -> Feedback:
    """Any advice; mostly about the same regimes as the one before."""
    told = said(revision, said_ms) if before is None or random.random() < 0.2 else before
    rules = random.choice(list(Rules)) if random.random() < 0.05 else told.advice.rules
    current = RegimeAdvice(random.choice(REGIMES), random.choice(list(Policy)), random.choice(SIXTEENTHS), 1.0)
    one = said(
        revision,
        said_ms,
        epoch="e1" if revision < 40 else "e2",
        preferred=random.choice(REGIMES) if random.random() < 0.1 else told.advice.preferred_regime,
        policy=random.choice(list(Policy)) if random.random() < 0.1 else told.advice.updated_policy,
        confidence=random.choice(SIXTEENTHS),
        current=current if random.random() < 0.2 else told.advice.current,
        rules=rules,
        version=random.choice(VERSIONS[rules]),
        seen_ms=said_ms + random.choice((-3, -1, 0, 2)),
    )
    view = evidence_view()
    view = replace(
        view,
        regime=random.choice(REGIMES),
        recommended_policy=random.choice(list(Policy)),
        confidence_boost=random.choice(SIXTEENTHS),
    )
    evidence = view if random.random() < 0.3 else told.advice.evidence
    return replace(one, advice=replace(one.advice, evidence=evidence))


def random_log(seed: int, revisions: int, first_ms: int, last_ms: int, *, foreign: bool = True) -> list[LogEntry]:
    """A log in the order of its ids; now and then the clock goes back, and entries of others are among them."""
    random = Random(seed)
    times = sorted(random.randint(first_ms, last_ms) for _ in range(revisions))
    entries: list[LogEntry] = []
    before: Feedback | None = None
    for revision, time_ms in enumerate(times, start=1):
        before = random_feedback(random, revision, time_ms + random.choice((0, 0, 0, 7)), before)
        entries.append(entry_of(before))
        if foreign and random.random() < 0.1:
            entries.append(foreign_entry(random, revision))
    return entries


def foreign_entry(random: Random, revision: int) -> LogEntry:
    """An entry that is no advice of this service, right after a revision."""
    ours = said(revision, 0)
    texts = (
        "hello",
        "{}",
        "[" * 100_000,
        encode_feedback(ours),  # under an id that is not its revision
        encode_feedback(replace(ours, status=FeedbackStatus.WARMING_UP)),
        encode_feedback(replace(ours, advice=replace(ours.advice, confidence_boost=1.5))),
        encode_feedback(replace(ours, times=Times(None, None, None))),
    )
    return LogEntry(f"{revision}-{random.randint(1, 9)}", random.choice(texts), None)


def random_trades(seed: int, trades: int, first_ms: int, last_ms: int, opened: float = 0.0) -> list[TradeRow]:
    """Trades whose sums are exact and now and then 0; regimes last a while, and times are often shared.

    A share `opened` of them says when it was opened.
    """
    random = Random(seed)
    times = sorted(random.randint(first_ms, last_ms) for _ in range(trades))
    regime, rows = REGIMES[0], []
    for time_ms in times:
        if random.random() < 0.02:
            regime = random.choice((*REGIMES, "OTHER"))
        policy = random.choice(("", *Policy.__members__))
        opened_ms = time_ms - random.choice((1, 7, 300)) if random.random() < opened else None
        rows.append(TradeRow(time_ms, regime, random.choice((-0.5, -0.25, 0.25, 0.5)), policy, "", opened_ms))
    return rows


def write_log(client: redis.Redis, entries: list[LogEntry], prefix: str = "quantum") -> None:
    """Write them as the service does."""
    pipeline = client.pipeline(transaction=False)
    for entry in entries:
        fields = {"revision": entry.entry_id.partition("-")[0], "epoch": "e", "feedback": entry.text}
        pipeline.xadd(f"{prefix}:stream:strategic_feedback", dict(fields.items()), id=entry.entry_id)
    pipeline.execute()


def write_trades(client: redis.Redis, trades: list[TradeRow], prefix: str = "quantum") -> None:
    """Write them as a producer does, with ids of their times."""
    pipeline = client.pipeline(transaction=False)
    for place, trade in enumerate(trades):
        fields = {"market_regime": trade.regime, "realized_pnl": repr(trade.pnl)}
        if trade.policy:
            fields["policy"] = trade.policy
        if trade.opened_ms is not None:
            fields["opened_at"] = str(trade.opened_ms)
        pipeline.xadd(f"{prefix}:stream:trade.results", dict(fields.items()), id=f"{trade.time_ms}-{place}")
    pipeline.execute()
