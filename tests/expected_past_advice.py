"""What past advice was worth, by a plain walk over every trade and every revision, as values of the client."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from brute_force import TradeRow
from past_log import LogEntry

import strategic_memory_client as client
from strategic_memory_server.advice.feedback import Feedback, Rules
from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.mean_pnl import mean_pnl
from strategic_memory_server.figures.win_rate import wilson_interval

RUN = 20
SHOWN = 50
PREFERRED, CURRENT, EVIDENCE = client.AdviceSubject


@dataclass(frozen=True, slots=True)
class Told:
    """One confidence: about trades in a regime, and under a policy unless that is None."""

    regime: str
    policy: str | None
    confidence: float

    def is_about(self, trade: TradeRow) -> bool:
        """Whether it is about a trade."""
        return trade.regime == self.regime and self.policy in (None, trade.policy)


def said_ms(feedback: Feedback) -> int:
    """When it was said."""
    assert feedback.times.computed_at_ms is not None
    return max(feedback.times.computed_at_ms, feedback.times.data_as_of_ms or 0)


def told_by(feedback: Feedback) -> dict[client.AdviceSubject, Told]:
    """Its confidences."""
    one, by_policy = feedback.advice, feedback.advice.rules is Rules.EVIDENCE
    told = {PREFERRED: Told(one.preferred_regime, one.updated_policy.name if by_policy else None, one.confidence_boost)}
    if one.current is not None:
        about = one.current
        told[CURRENT] = Told(about.regime, about.policy.name if by_policy else None, about.confidence_boost)
    if one.evidence is not None:
        view = one.evidence
        told[EVIDENCE] = Told(view.regime, view.recommended_policy.name, view.confidence_boost)
    return told


def expected_past_advice(
    entries: Sequence[LogEntry], trades: Sequence[TradeRow], *, most: int, as_of_ms: int | None = None
) -> client.PastAdvice:
    """What has to be found in a log, for these trades, oldest first."""
    if not trades:
        return walked([], 0, trades)
    kept: list[Feedback] = []
    left_out = passed = 0
    for entry in reversed(entries):
        if kept and (len(kept) == most or said_ms(kept[-1]) < min(trade.begun_ms for trade in trades)):
            break
        if entry.feedback is None:
            passed += 1
        elif as_of_ms is None or said_ms(entry.feedback) <= as_of_ms:
            left_out += passed if kept or as_of_ms is None else 0
            passed = 0
            kept.append(entry.feedback)
    else:
        left_out += passed if kept or as_of_ms is None else 0
    return walked(sorted(kept, key=lambda each: (said_ms(each), each.revision)), left_out, trades)


def walked(kept: Sequence[Feedback], left_out: int, trades: Sequence[TradeRow]) -> client.PastAdvice:
    """What these revisions, in the order of their times, were worth."""
    changes = [
        after
        for before, after in itertools.pairwise(kept)
        if (before.advice.preferred_regime, before.advice.updated_policy)
        != (after.advice.preferred_regime, after.advice.updated_policy)
    ]
    return client.PastAdvice(
        revisions=len(kept),
        left_out=left_out,
        first_said=_time(said_ms(kept[0])) if kept else None,
        last_said=_time(said_ms(kept[-1])) if kept else None,
        trades=sum(_in_force(kept, trade) is not None for trade in trades),
        calibrations=_calibrations(kept, trades),
        after_revisions=_after(kept, trades),
        after_changes=_after(changes, trades),
        trades_as_of_close=sum(_in_force(kept, trade) is not None and trade.opened_ms is None for trade in trades),
    )


def _in_force(kept: Sequence[Feedback], trade: TradeRow) -> Feedback | None:
    earlier = [one for one in kept if said_ms(one) < trade.begun_ms]
    return earlier[-1] if earlier else None


def _calibrations(kept: Sequence[Feedback], trades: Sequence[TradeRow]) -> tuple[client.AdviceCalibration, ...]:
    keys = {
        (one.advice.rules.value, one.advice.version, list(client.AdviceSubject).index(subject))
        for one in kept
        for subject in told_by(one)
    }
    as_opened = sorted(trades, key=lambda trade: trade.begun_ms)
    in_force = [_in_force(kept, trade) for trade in as_opened]
    return tuple(
        _calibration(kept, as_opened, in_force, list(client.AdviceSubject)[subject], Rules(rules), version)
        for rules, version, subject in sorted(keys)
    )


def _calibration(
    kept: Sequence[Feedback],
    trades: Sequence[TradeRow],
    in_force: Sequence[Feedback | None],
    subject: client.AdviceSubject,
    rules: Rules,
    version: str,
) -> client.AdviceCalibration:
    def told_before(place: int) -> Told | None:
        one = in_force[place]
        if one is None or (one.advice.rules, one.advice.version) != (rules, version):
            return None
        told = told_by(one).get(subject)
        return told if told is not None and told.is_about(trades[place]) else None

    by_policy = subject is EVIDENCE or rules is Rules.EVIDENCE
    judged: list[tuple[float, bool]] = []
    for group in {(trade.regime, trade.policy if by_policy else None) for trade in trades}:
        own = [
            place for place, trade in enumerate(trades) if (trade.regime, trade.policy if by_policy else None) == group
        ]
        at = 0
        while at < len(own):
            told, run = told_before(own[at]), own[at : at + RUN]
            if told is None:
                at += 1
                continue
            at += RUN
            earned = math.fsum(trades[place].pnl for place in run)
            if len(run) == RUN and earned:
                judged.append((told.confidence, earned > 0))
    said_so = [one for one in kept if (one.advice.rules, one.advice.version) == (rules, version)]
    return _figures(judged, subject, rules, version, sum(subject in told_by(one) for one in said_so))


def _figures(
    judged: list[tuple[float, bool]], subject: client.AdviceSubject, rules: Rules, version: str, revisions: int
) -> client.AdviceCalibration:
    bins = []
    gap = 0.0
    for index in range(10):
        own = [(said, came) for said, came in judged if min(math.floor(said * 10 + 1e-9), 9) == index]
        won = sum(came for _, came in own)
        total = math.fsum(said for said, _ in own)
        gap += abs(total - won)
        interval = wilson_interval(won, len(own)) if own else None
        bins.append(
            client.ReliabilityBin(
                low=index / 10,
                high=(index + 1) / 10,
                statements=len(own),
                mean_confidence=total / len(own) if own else None,
                frequency=won / len(own) if own else None,
                frequency_interval=interval and client.Interval(interval.low, interval.high),
            )
        )
    count = len(judged)
    return client.AdviceCalibration(
        subject=subject,
        rules=client.Rules(rules.value),
        version=version,
        revisions=revisions,
        run_trades=RUN,
        statements=count,
        base_rate=sum(came for _, came in judged) / count if count else None,
        brier_score=math.fsum((said - came) ** 2 for said, came in judged) / count if count else None,
        expected_calibration_error=gap / count if count else None,
        bins=tuple(bins),
    )


def _after(kept: Sequence[Feedback], trades: Sequence[TradeRow]) -> client.AfterAdvice:
    around = []
    for place, one in enumerate(kept):
        start = said_ms(kept[place - 1]) if place else -math.inf
        end = said_ms(kept[place + 1]) if place + 1 < len(kept) else math.inf
        before = [trade.pnl for trade in trades if start < trade.begun_ms <= said_ms(one)]
        after = [trade.pnl for trade in trades if said_ms(one) < trade.begun_ms <= end]
        earlier, later = _mean(before), _mean(after)
        around.append(
            client.AfterRevision(
                epoch=one.epoch,
                revision=one.revision,
                said=_time(said_ms(one)),
                preferred_regime=one.advice.preferred_regime,
                updated_policy=client.Policy(one.advice.updated_policy.name),
                trades_before=len(before),
                mean_pnl_before=earlier,
                trades_after=len(after),
                mean_pnl_after=later,
                change=None if earlier is None or later is None else later - earlier,
            )
        )
    changes = [each.change for each in around if each.change is not None]
    mean = mean_pnl(float_column(changes))
    return client.AfterAdvice(
        revisions=len(around),
        compared=len(changes),
        mean_change=mean.mean,
        mean_change_interval=mean.interval and client.Interval(mean.interval.low, mean.interval.high),
        mean_change_method=None if mean.method is None else client.IntervalMethod[mean.method.name],
        mean_change_block=mean.block_trades,
        newest=tuple(around[-SHOWN:]),
    )


def _mean(pnl: Sequence[float]) -> float | None:
    return math.fsum(pnl) / len(pnl) if pnl else None


def _time(time_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
