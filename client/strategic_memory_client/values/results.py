"""What the service says, as plain values: frozen, no wire types, None where something is not known."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from strategic_memory_client.values.drawdown_guard import DrawdownGuard
from strategic_memory_client.values.overrides import Freeze, Override
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.unchanging import Unchanging

UNKNOWN_REGIME = "UNKNOWN"
"""Name of the regime where none could be told."""

SAFE_LEVERAGE = 1.0
"""Highest leverage, as a multiple of the base position, that is ever given together with the safe policy."""


class FeedbackStatus(StrEnum):
    """Whether a feedback may be acted upon: only ACTIVE may. The values of the others are the safe ones."""

    WARMING_UP = "WARMING_UP"
    ACTIVE = "ACTIVE"
    STALE = "STALE"


class Rules(StrEnum):
    """Which rules are in charge of a feedback."""

    REFERENCE = "REFERENCE"
    EVIDENCE = "EVIDENCE"


@dataclass(frozen=True, slots=True)
class RegimePerformance(Unchanging):
    """Figures of one regime over the windows."""

    avg_pnl: float
    """Mean pnl of every entry that carries the regime, in the unit of the inputs."""
    win_rate: float | None
    """Wins / (wins + losses), 0 to 1. None when nothing was won or lost."""
    sample_count: int
    """Number of entries of all three windows that carry the regime."""
    wins: int = 0
    """Regime observations and trades with a positive pnl."""
    losses: int = 0
    """Regime observations and trades with a negative pnl."""


@dataclass(frozen=True, slots=True)
class Comparison(Unchanging):
    """A number that a rule looked at, and what it was held against."""

    measurement: str
    """Name of the measurement, for example "win_rate"."""
    value: float | None
    """The measured value. None when the measurement is not defined."""
    operator: str
    """One of ">", ">=", "<", "<=", "="."""
    threshold: float
    """What the value was compared with."""
    holds: bool
    """Whether the comparison holds."""


@dataclass(frozen=True, slots=True)
class Reason(Unchanging):
    """One step of the reasoning behind a feedback."""

    code: str
    """Stable name of the step in UPPER_SNAKE_CASE, for example "POLICY_RULE"."""
    sentence: str
    """The step as one plain English sentence."""
    comparisons: tuple[Comparison, ...] = ()
    """The numbers that the step compared, in that order."""


@dataclass(frozen=True, slots=True)
class LeverageCap(Unchanging):
    """A limit on leverage that another module has set."""

    source: str
    """The input that it was read from, for example "risk:leverage_limits"."""
    value: float
    """Highest leverage as a multiple of the base position; at least 0."""
    since: datetime | None = None
    """When this value was first read (aware, UTC). None: not known."""


@dataclass(frozen=True, slots=True)
class RegimeAdvice(Unchanging):
    """What is advised for one regime."""

    regime: str
    """The regime, upper case."""
    policy: Policy
    """The policy advised for it. An unknown one reads as CONSERVATIVE."""
    confidence_boost: float
    """How sure that is, 0 to 1."""
    leverage_hint: float
    """Advised leverage as a multiple of the base position."""
    leverage_bound_by: str | None = None
    """Name of the cap that lowered the leverage. None: none did."""
    is_probe: bool = False
    """Whether the policy is tried because it may turn out better, in place of the one that the evidence recommends."""

    def as_safe(self, leverage_caps: tuple[LeverageCap, ...] = ()) -> RegimeAdvice:
        """Return it with the safe values."""
        return replace(
            self,
            policy=Policy.CONSERVATIVE,
            confidence_boost=0.0,
            leverage_hint=safe_leverage(self.leverage_hint, leverage_caps),
            is_probe=False,
        )


@dataclass(frozen=True, slots=True)
class PolicyEvidence(Unchanging):
    """What all trades so far say about one policy in one regime. Money is in the unit of pnl."""

    policy: Policy | None
    """The policy. None: one that this library does not know."""
    observations: int
    """Trades seen."""
    effective_observations: float | None
    """Equally weighted trades that would say as much: older ones weigh less. None without any."""
    mean_pnl: float
    """Posterior mean of the pnl of a trade."""
    interval_low: float
    """Lower bound of its 90 % interval."""
    interval_high: float
    """Upper bound of its 90 % interval."""
    utility: float
    """Mean pnl less the price of its risk."""
    probability_best: float
    """Probability that its utility is the highest of the three."""
    probability_beats_conservative: float | None
    """Probability that its utility is above that of CONSERVATIVE. None for CONSERVATIVE."""
    probability_mean_positive: float
    """Probability that its mean pnl is above 0."""
    more_observations: int | None
    """How many more observations of the regime it may take until it is recommended. None where not defined."""


@dataclass(frozen=True, slots=True)
class Evidence(Unchanging):
    """What all trades so far say about one regime."""

    regime: str
    """The regime, upper case."""
    recommended_policy: Policy
    """The policy that the evidence recommends there. An unknown one reads as CONSERVATIVE."""
    confidence_boost: float
    """Probability that the mean pnl of the recommended policy is above 0."""
    leverage_hint: float
    """Leverage that the evidence bears, as a multiple of the base position."""
    leverage_bound_by: str | None = None
    """Name of the cap that lowered the leverage. None: none did."""
    policies: tuple[PolicyEvidence, ...] = ()
    """The three policies, in the order of the risk they take."""
    cautions: tuple[str, ...] = ()
    """What to know before trusting this, as stable names such as "ONE_POLICY_ONLY"."""
    observations: int = 0
    """Trades in all regimes that this rests on."""

    def as_safe(self, leverage_caps: tuple[LeverageCap, ...] = ()) -> Evidence:
        """Return it with the safe values; what was seen stays readable."""
        return replace(
            self,
            recommended_policy=Policy.CONSERVATIVE,
            confidence_boost=0.0,
            leverage_hint=safe_leverage(self.leverage_hint, leverage_caps),
        )


@dataclass(frozen=True, slots=True)
class Feedback(Unchanging):
    """What the memory advises, whole: no earlier feedback is needed to read it. Times are aware, in UTC."""

    revision: int
    """Position in the feedback log of `epoch`; 0: nothing was published yet."""
    epoch: str
    """Name of the feedback log that `revision` counts in. Empty: not known yet."""
    status: FeedbackStatus
    """Whether the values may be acted upon, as far as the server knew when it sent them. See `safe_at`."""
    preferred_regime: str
    """The regime with the highest mean pnl, upper case; "UNKNOWN" when there is none."""
    updated_policy: Policy
    """The policy advised for `preferred_regime`. An unknown one reads as CONSERVATIVE."""
    confidence_boost: float
    """How well the preferred regime has paid, from 0 (badly) over 0.5 (neutral) to 1 (well)."""
    leverage_hint: float
    """Advised leverage as a multiple of the base position."""
    regime_performance: RegimePerformance | None = None
    """The figures of `preferred_regime`. None while warming up."""
    current_regime: str = UNKNOWN_REGIME
    """The regime of the newest regime observation, upper case; "UNKNOWN" when there is none."""
    timestamp: datetime | None = None
    """When this feedback was computed. None when nothing was computed yet."""
    data_as_of: datetime | None = None
    """Time of the newest input entry that the last successful sync had seen. None when there is none."""
    valid_until: datetime | None = None
    """Until when the values may be acted upon, as known when this was sent; later heartbeats move it on."""
    version: str = ""
    """Version of the rules that produced the values, for example "1.0.0"."""
    reasons: tuple[Reason, ...] = ()
    """Why the values are what they are, in the order in which the rules were applied."""
    best_policy: Policy | None = None
    """The policy with the highest mean realised pnl in `preferred_regime`. None: too few trades to tell."""
    rules: Rules | None = Rules.REFERENCE
    """Which rules gave the advice. None: rules that this library does not know."""
    current: RegimeAdvice | None = None
    """What these rules advise for `current_regime`. None: nothing is known of it."""
    evidence: Evidence | None = None
    """What all trades so far say about `current_regime`, whichever rules are in charge. None before there is any."""
    leverage_bound_by: str | None = None
    """Name of the cap that lowered `leverage_hint`, for example "risk:leverage_limits". None: none did."""
    leverage_caps: tuple[LeverageCap, ...] = ()
    """Limits on leverage in force, lowest first: leverage is never above one of them, whatever the status."""
    override: Override | None = None
    """What an operator allows at most, or has set. None: nothing."""
    freeze: Freeze | None = None
    """Which revision an operator holds. None: none."""
    guard: DrawdownGuard | None = None
    """How the drawdown guard stands, which has multiplied every leverage above. None: it is off."""
    skipped_revisions: int = field(default=0, compare=False)
    """Revisions of the same epoch that a stream passed over right before this one. 0 outside of streams."""
    epoch_changed: bool = field(default=False, compare=False)
    """Whether a stream came to this feedback from another epoch: history was lost in between."""

    portfolio: str = ""
    """The portfolio that it is about. Empty: the default one."""
    sent_at: datetime | None = field(default=None, compare=False)
    """When the server sent it, by the server's clock. None: by a server that does not tell."""

    @property
    def is_probe(self) -> bool:
        """Whether `updated_policy` is a probe: that of the current regime, where that is the preferred one."""
        return self.current is not None and self.current.is_probe and self.current.regime == self.preferred_regime

    @property
    def is_overridden(self) -> bool:
        """Whether an operator has a hand in it."""
        return self.override is not None or self.freeze is not None

    def is_active_at(self, now: datetime) -> bool:
        """Tell whether the values may be acted upon at `now` (ValueError: without a timezone)."""
        if now.utcoffset() is None:
            raise ValueError(f"now must say its timezone, as datetime.now(UTC) does, is {now!r}")
        return self.status is FeedbackStatus.ACTIVE and self.valid_until is not None and now < self.valid_until

    def safe_at(self, now: datetime) -> Feedback:
        """Return what may be acted upon at `now` (likewise): this, or from `valid_until` on `as_stale()`."""
        is_active = self.is_active_at(now)
        return self if is_active or self.status is not FeedbackStatus.ACTIVE else self.as_stale()

    def as_stale(self) -> Feedback:
        """Return this feedback as STALE with the safe values; what it was about stays readable."""
        return replace(self.as_safe(), status=FeedbackStatus.STALE)

    def as_safe(self) -> Feedback:
        """Return this feedback with the safe values, whatever its status. What an operator has forced raises none."""
        caps, override = self.leverage_caps, self.override
        rules = () if override is None else _as_cap(override.rules_leverage_hint)
        rules_now = () if override is None else _as_cap(override.rules_current_leverage_hint)
        return replace(
            self,
            updated_policy=Policy.CONSERVATIVE,
            confidence_boost=0.0,
            leverage_hint=safe_leverage(self.leverage_hint, (*caps, *rules)),
            current=self.current and self.current.as_safe((*caps, *rules_now)),
            evidence=self.evidence and self.evidence.as_safe(self.leverage_caps),
            override=override and override.without_rules(),
        )


WARMING_UP = Feedback(
    revision=0,
    epoch="",
    status=FeedbackStatus.WARMING_UP,
    preferred_regime=UNKNOWN_REGIME,
    updated_policy=Policy.CONSERVATIVE,
    confidence_boost=0.0,
    leverage_hint=SAFE_LEVERAGE,
)
"""The feedback of whoever has heard nothing yet."""


def _as_cap(rules_hint: float | None) -> tuple[LeverageCap, ...]:
    is_one = rules_hint is not None and math.isfinite(rules_hint) and rules_hint >= 0.0
    return (LeverageCap("rules", rules_hint or 0.0),) if is_one else ()


def safe_leverage(hint: float, leverage_caps: tuple[LeverageCap, ...] = ()) -> float:
    """Return the leverage that goes with the safe policy: the hint, at most 1.0 and every cap; if not finite, those."""
    bound = min([SAFE_LEVERAGE, *(cap.value for cap in leverage_caps)])
    return min(hint, bound) if math.isfinite(hint) else bound
