"""Feedback: what the service says. Advice is its content; Feedback adds when it was said and until when it holds."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.followed import Followed
from strategic_memory_server.advice.rules.reasons import Reason, leverage_capped, nothing_published, validity_passed
from strategic_memory_server.analysis.analysis import RegimeFigures, win_rate
from strategic_memory_server.evidence.view import EvidenceView
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps, capped
from strategic_memory_server.memory.override import Freeze, Override
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME

SAFE_LEVERAGE = 1.0


class FeedbackStatus(enum.Enum):
    """Whether a feedback may be acted upon."""

    WARMING_UP = "WARMING_UP"
    ACTIVE = "ACTIVE"
    STALE = "STALE"


@dataclass(frozen=True, slots=True)
class RegimePerformance:
    """Figures of the preferred regime: mean pnl in the unit of the inputs, entries, and how many won or lost."""

    avg_pnl: float
    sample_count: int
    wins: int
    losses: int

    @classmethod
    def of(cls, figures: RegimeFigures) -> RegimePerformance:
        """Take what a feedback shows of the figures of a regime."""
        return cls(figures.avg_pnl, figures.sample_count, figures.wins, figures.losses)

    @property
    def win_rate(self) -> float | None:
        """Wins / (wins + losses), 0 to 1; None when nothing was won or lost."""
        return win_rate(self.wins, self.losses)


class Rules(enum.Enum):
    """Which rules are in charge of an advice."""

    REFERENCE = "REFERENCE"
    EVIDENCE = "EVIDENCE"


@dataclass(frozen=True, slots=True)
class RegimeAdvice:
    """What is advised for one regime.

    Attributes:
        regime: which.
        policy: policy advised for it.
        confidence_boost: how sure that is, 0 to 1.
        leverage_hint: multiple of the base position.
        leverage_bound_by: name of the cap that lowered the leverage; None when none did.
        is_probe: whether the policy is tried because it may turn out better, in place of the recommended one.
    """

    regime: str
    policy: Policy
    confidence_boost: float
    leverage_hint: float
    leverage_bound_by: str | None = None
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What the memory advises. Two equal advices are one revision.

    Attributes:
        preferred_regime: regime with the highest mean pnl.
        updated_policy: policy advised for it.
        confidence_boost: how well it has paid, 0 to 1, 0.5 is neutral.
        leverage_hint: multiple of the base position.
        regime_performance: its figures; None while there are none.
        current_regime: regime of the newest observation.
        best_policy: policy with the highest mean realised pnl in the preferred regime; None: too few trades.
        reasons: why, in the order in which the rules were applied.
        version: version of the rules.
        rules: which rules are in charge.
        leverage_bound_by: name of the cap that lowered `leverage_hint`; None when none did.
        current: what these rules advise for the current regime; None where nothing is known of it.
        evidence: what all trades so far say about the current regime; None before there is a long memory.
        leverage_caps: limits on leverage in force: they bind the safe values too.
        followed: what is followed, and what waits, where added risk has to wait; None: it has not.
        override: what an operator allows or has set; None: nothing.
        freeze: which revision an operator holds; None: none.
        guard: how the drawdown guard stands, which has lowered every leverage above; None: it is off.
    """

    preferred_regime: str
    updated_policy: Policy
    confidence_boost: float
    leverage_hint: float
    regime_performance: RegimePerformance | None
    current_regime: str
    best_policy: Policy | None
    reasons: tuple[Reason, ...]
    version: str
    rules: Rules = Rules.REFERENCE
    leverage_bound_by: str | None = None
    current: RegimeAdvice | None = None
    evidence: EvidenceView | None = None
    leverage_caps: LeverageCaps = NO_CAPS
    followed: Followed | None = None
    override: Override | None = None
    freeze: Freeze | None = None
    guard: GuardReading | None = None

    @property
    def is_probe(self) -> bool:
        """Whether `updated_policy` is a probe: that of the current regime, where that is the preferred one."""
        return self.current is not None and self.current.is_probe and self.current.regime == self.preferred_regime

    @property
    def is_overridden(self) -> bool:
        """Whether an operator has a hand in it."""
        return self.override is not None or self.freeze is not None


@dataclass(frozen=True, slots=True)
class Times:
    """Times of a feedback, in milliseconds since 1970-01-01 UTC; None: not known. They are no part of a revision.

    Attributes:
        computed_at_ms: when it was last computed.
        data_as_of_ms: time of the newest input entry that was seen then.
        valid_until_ms: until when it may be acted upon.
    """

    computed_at_ms: int | None = None
    data_as_of_ms: int | None = None
    valid_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """An advice with its status, its place in the log and its times."""

    advice: Advice
    status: FeedbackStatus
    revision: int = 0
    epoch: str = ""
    times: Times = field(default_factory=Times)

    def at(self, now_ms: int) -> Feedback:
        """The feedback as it stands at a moment: with the safe values once its validity has passed."""
        valid_until_ms = self.times.valid_until_ms
        if self.status is not FeedbackStatus.ACTIVE or valid_until_ms is None or now_ms <= valid_until_ms:
            return self
        return replace(self, advice=_safe(self.advice, valid_until_ms), status=FeedbackStatus.STALE)


def _safe(advice: Advice, valid_until_ms: int) -> Advice:
    """Keep what was seen, withdraw what it was thought to mean."""
    current, evidence, override = advice.current, advice.evidence, advice.override
    # What an operator forces raises nothing here.
    rules, rules_now = (
        (override.rules_leverage_hint, override.rules_current_leverage_hint) if override else (None, None)
    )

    def safe(hint: float, without_override: float | None = None) -> float:
        lowest = min(hint, SAFE_LEVERAGE if without_override is None else without_override)
        return capped(min(lowest, SAFE_LEVERAGE), advice.leverage_caps)[0]

    return replace(
        advice,
        updated_policy=Policy.CONSERVATIVE,
        confidence_boost=0.0,
        leverage_hint=safe(advice.leverage_hint, rules),
        current=current
        and replace(
            current,
            policy=Policy.CONSERVATIVE,
            confidence_boost=0.0,
            leverage_hint=safe(current.leverage_hint, rules_now),
            is_probe=False,
        ),
        evidence=evidence
        and replace(
            evidence,
            recommended_policy=Policy.CONSERVATIVE,
            confidence_boost=0.0,
            leverage_hint=safe(evidence.leverage_hint),
        ),
        # Whoever was told the safe values starts from these.
        followed=None,
        override=override and replace(override, without=None),
        reasons=(validity_passed(valid_until_ms), *advice.reasons),
    )


def warming_up(
    version: str,
    reason: Reason | None = None,
    *,
    current_regime: str = UNKNOWN_REGIME,
    leverage_caps: LeverageCaps = NO_CAPS,
) -> Feedback:
    """The answer that stands before anything was published."""
    leverage, bound_by = capped(SAFE_LEVERAGE, leverage_caps)
    said = reason or nothing_published()
    advice = Advice(
        preferred_regime=UNKNOWN_REGIME,
        updated_policy=Policy.CONSERVATIVE,
        confidence_boost=0.0,
        leverage_hint=leverage,
        regime_performance=None,
        current_regime=current_regime,
        best_policy=None,
        reasons=(said, leverage_capped(bound_by, SAFE_LEVERAGE)) if bound_by else (said,),
        version=version,
        leverage_bound_by=bound_by.source if bound_by else None,
        leverage_caps=leverage_caps,
    )
    return Feedback(advice, FeedbackStatus.WARMING_UP)
