"""The rules that a replay compares."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from strategic_memory_server.memory.policy import Policy


class Rule(enum.StrEnum):
    """Who chooses the policy."""

    REFERENCE = "reference"
    HELD = "held"
    """The reference rules with hysteresis; where none is asked for, it is not compared."""
    EVIDENCE = "evidence"
    EXPLORING = "exploring"
    CHANGE = "change"
    """The evidence with change; a trade takes several times as long, so it is compared where it is named."""
    GUARDED = "guarded"
    """The reference rules, sized by the drawdown guard; compared where it is named, as are the two after it."""
    GUARDED_EVIDENCE = "guarded-evidence"
    GUARDED_CHANGE = "guarded-change"
    CONSERVATIVE = "conservative"
    BALANCED = "balanced"
    AGGRESSIVE = "aggressive"
    ORACLE = "oracle"


OF_GUARDED: Mapping[Rule, Rule] = {
    Rule.GUARDED: Rule.REFERENCE,
    Rule.GUARDED_EVIDENCE: Rule.EVIDENCE,
    Rule.GUARDED_CHANGE: Rule.CHANGE,
}
"""Rules that are sized by the drawdown guard: those that choose the policy."""

BY_DEFAULT = tuple(rule for rule in Rule if rule not in {Rule.CHANGE, *OF_GUARDED})
"""Rules that are compared where none is named."""

FIXED: Mapping[Rule, Policy] = {
    Rule.CONSERVATIVE: Policy.CONSERVATIVE,
    Rule.BALANCED: Policy.BALANCED,
    Rule.AGGRESSIVE: Policy.AGGRESSIVE,
}
"""Rules that always choose the same."""
