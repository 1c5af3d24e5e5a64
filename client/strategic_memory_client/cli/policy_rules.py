"""Policy rules as they are written on the command line: `BULL:win_rate>0.6,avg_pnl>0.2=AGGRESSIVE`."""

from __future__ import annotations

import math

from strategic_memory_client.values.analysis_request import PolicyRule
from strategic_memory_client.values.policy import Policy

SYNTAX = "REGIME:win_rate>NUMBER,avg_pnl>NUMBER=POLICY"

ANY_REGIME = ("", "*")


def parse_policy_rule(text: str) -> PolicyRule:
    """Return the rule. Raises ValueError that says what is wrong."""
    left, equals, policy = text.rpartition("=")
    regime, _, conditions = left.partition(":")
    if not equals:
        raise ValueError(f"{text!r} names no policy: write {SYNTAX}; both conditions may be left out")
    bounds: dict[str, float] = {}
    for condition in filter(None, (part.strip() for part in conditions.split(","))):
        name, _, number = (part.strip() for part in condition.partition(">"))
        if name not in ("win_rate", "avg_pnl") or name in bounds:
            raise ValueError(f"{condition!r} in {text!r} must be win_rate>NUMBER or avg_pnl>NUMBER, each at most once")
        bounds[name] = _number(number, text)
    return PolicyRule(
        policy=_policy(policy, text),
        regime="" if regime.strip() in ANY_REGIME else regime.strip(),
        win_rate_above=bounds.get("win_rate"),
        avg_pnl_above=bounds.get("avg_pnl"),
    )


def _number(number: str, text: str) -> float:
    try:
        # Python would read 1_0 as 10.
        value = math.nan if "_" in number else float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{number!r} in {text!r} must be a finite number")
    return value


def _policy(name: str, text: str) -> Policy:
    try:
        return Policy(name.strip().upper())
    except ValueError:
        raise ValueError(f"{name!r} in {text!r} must be one of {', '.join(Policy)}") from None
