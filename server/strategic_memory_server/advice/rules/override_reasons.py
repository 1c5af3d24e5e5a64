"""Reasons of an advice that an operator has a hand in. They come first: whoever reads one sees that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.advice.rules.rule_table import Comparison
from strategic_memory_server.memory.override import Freeze, Override
from strategic_memory_server.memory.shown_time import shown_time

OVERRIDE, FREEZE = "OVERRIDE", "FREEZE"


def overridden_by(override: Override) -> Reason:
    """An operator allows no more than this, or has set it."""
    does = "sets" if override.is_forced else "allows at most"
    what = f"{' and '.join(_named(override))} until {shown_time(override.until_ms)}"
    return Reason(
        OVERRIDE,
        f"{override.set_by} {does} {what}: {override.reason}{_otherwise(override)}",
        tuple(_compared(override)),
    )


def frozen_by(freeze: Freeze) -> Reason:
    """An operator holds the advice of a revision."""
    return Reason(
        FREEZE,
        f"{freeze.set_by} holds the advice of revision {freeze.revision} of epoch {freeze.epoch} until "
        f"{shown_time(freeze.until_ms)}, whatever the inputs say: {freeze.reason}",
    )


def said_by_operators(reasons: Iterable[Reason]) -> dict[str, str]:
    """Return the sentences of those reasons that are an operator's, by what was said."""
    return {reason.code.lower(): reason.sentence for reason in reasons if reason.code in (OVERRIDE, FREEZE)}


def _named(override: Override) -> Iterator[str]:
    if override.policy is not None:
        yield override.policy.name
    if override.leverage is not None:
        yield f"leverage {override.leverage:g}"


def _otherwise(override: Override) -> str:
    if override.without is None:
        return ""
    preferred = override.without.preferred
    return f" (without it: {preferred.policy.name}, leverage {preferred.leverage_hint:g})"


def _compared(override: Override) -> Iterator[Comparison]:
    if override.without is not None and override.leverage is not None:
        hint = override.without.preferred.leverage_hint
        yield Comparison("leverage_hint", hint, ">", override.leverage, holds=hint > override.leverage)
