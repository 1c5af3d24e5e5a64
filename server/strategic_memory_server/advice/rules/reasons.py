"""Reasons: why a feedback says what it says, for machines (code, comparisons) and for people (one sentence each)."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.advice.rules.rule_table import Comparison, Match
from strategic_memory_server.analysis.analysis import RegimeFigures
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.shown_time import shown_time


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the reasoning. `code` is stable; `comparisons` are in the order in which they were made."""

    code: str
    sentence: str
    comparisons: tuple[Comparison, ...] = ()


def nothing_published() -> Reason:
    """No feedback has been published yet."""
    return Reason("NOTHING_PUBLISHED", "Nothing has been published yet, so the safe values stand.")


def too_few_entries(found: int, needed: int) -> Reason:
    """There are fewer entries than the minimum."""
    return Reason(
        "TOO_FEW_ENTRIES",
        f"Only {found} of the {needed} entries needed are there, so the safe values stand.",
        (Comparison("sample_count", found, ">=", needed, holds=False),),
    )


def no_known_regime(found: int) -> Reason:
    """No entry carries a regime that could be preferred."""
    return Reason("NO_KNOWN_REGIME", f"None of the {found} entries has a known regime, so the safe values stand.")


def validity_passed(valid_until_ms: int) -> Reason:
    """The validity passed without a successful sync."""
    return Reason(
        "VALIDITY_PASSED",
        f"The advice below was valid until {shown_time(valid_until_ms)} and was not confirmed since, "
        "so the safe values stand.",
    )


def preferred_regime(best: RegimeFigures, next_best: RegimeFigures | None) -> Reason:
    """The preferred regime has the highest mean pnl."""
    sentence = f"{best.regime} has the highest mean pnl: {best.avg_pnl:.4g} over {best.sample_count} entries"
    if next_best is None:
        return Reason("PREFERRED_REGIME", f"{sentence}, and is the only known regime.")
    return Reason(
        "PREFERRED_REGIME",
        f"{sentence}, ahead of {next_best.regime} with {next_best.avg_pnl:.4g} over {next_best.sample_count}.",
        (Comparison("avg_pnl", best.avg_pnl, ">=", next_best.avg_pnl, holds=True),),
    )


def policy_rule(regime: str, match: Match[Policy]) -> Reason:
    """The row of the policy table that matched, or that none did."""
    named = match.outcome.name
    if match.row is None:
        seen = f" ({_compared(match.comparisons)})" if match.comparisons else ""
        return Reason("POLICY_DEFAULT", f"{named}: no rule for {regime} matches{seen}.", match.comparisons)
    return Reason("POLICY_RULE", f"{named}: the rule for {regime} matches{_because(match)}.", match.comparisons)


def leverage_base(regime: str, match: Match[float]) -> Reason:
    """The row of the leverage table that matched, or that none did."""
    if match.row is None:
        return Reason(
            "LEVERAGE_DEFAULT",
            f"Leverage starts from {match.outcome:g}: no rule for {regime} matches.",
            match.comparisons,
        )
    return Reason(
        "LEVERAGE_RULE",
        f"Leverage starts from {match.outcome:g}: the rule for {regime} matches{_because(match)}.",
        match.comparisons,
    )


def leverage_scaled(factor: float, confidence: float, hint: float) -> Reason:
    """The leverage base was scaled with the detector's confidence."""
    return Reason(
        "LEVERAGE_SCALED",
        f"Times {factor:.3f} for a mean confidence of {confidence:.3f} of the regime detector, that is {hint:g}.",
        (Comparison("confidence", confidence, ">=", 0.0, holds=confidence >= 0.0),),
    )


def confidence_out_of_range(confidence: float) -> Reason:
    """The detector's confidence is no share: its unit is wrong, and the leverage with it."""
    return Reason(
        "CONFIDENCE_OUT_OF_RANGE",
        f"A mean confidence of {confidence:.4g} is not between 0 and 1: the regime detector writes it in another unit, "
        "so the leverage is not to be trusted.",
        (
            Comparison(
                "confidence", confidence, ">" if confidence > 1.0 else "<", 1.0 if confidence > 1.0 else 0.0, holds=True
            ),
        ),
    )


def leverage_bounded(unbounded: float, bound: float) -> Reason:
    """The hint was outside the range that the rules allow."""
    above = unbounded > bound
    return Reason(
        "LEVERAGE_BOUNDED",
        f"Leverage {unbounded:.4g} is {'above' if above else 'below'} what the rules allow, so it is {bound:g}.",
        (Comparison("leverage_hint", unbounded, ">" if above else "<", bound, holds=True),),
    )


def leverage_capped(cap: LeverageCap, hint: float | None = None) -> Reason:
    """A limit bound the hint, which was `hint` before; None: not known."""
    return Reason(
        "LEVERAGE_CAPPED",
        f"The limit {_limit(cap)} lowers the leverage{'' if hint is None else f' from {hint:g}'}.",
        () if hint is None else (Comparison("leverage_hint", hint, ">", cap.value, holds=True),),
    )


def current_leverage_capped(regime: str, cap: LeverageCap) -> Reason:
    """A limit bound the leverage for the current regime, and not that for the preferred one."""
    return Reason(
        "CURRENT_LEVERAGE_CAPPED", f"For {regime}, the regime now, the limit {_limit(cap)} lowers the leverage."
    )


def _limit(cap: LeverageCap) -> str:
    since = "" if cap.since_ms is None else f", in force since {shown_time(cap.since_ms)},"
    return f"max_leverage_hint = {cap.value:g} of {cap.source}{since}"


def _because(match: Match[object]) -> str:
    row = match.row
    if row is None or (row.win_rate_above is None and row.avg_pnl_above is None):
        return ""
    asked = sum(threshold is not None for threshold in (row.win_rate_above, row.avg_pnl_above))
    return f" ({_compared(match.comparisons[-asked:])})"


def _compared(comparisons: tuple[Comparison, ...]) -> str:
    return ", ".join(
        f"{comparison.measurement.replace('_', ' ')} "
        f"{'not defined' if comparison.value is None else format(comparison.value, '.4g')} is "
        f"{'above' if comparison.holds else 'not above'} {comparison.threshold:g}"
        for comparison in comparisons
    )
