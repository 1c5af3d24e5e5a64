"""Which colour and stroke each rule, policy and regime has, the same in every plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.report.drawing import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
)

OF_POLICY: Mapping[Policy, str] = {Policy.CONSERVATIVE: SKY, Policy.BALANCED: GREEN, Policy.AGGRESSIVE: ORANGE}

OF_RULE: Mapping[Rule, tuple[str, str]] = {
    Rule.REFERENCE: (BLUE, ""),
    Rule.HELD: (BLUE, "4 1"),
    Rule.EVIDENCE: (VERMILLION, ""),
    Rule.EXPLORING: (PURPLE, "4 1"),
    Rule.CHANGE: (VERMILLION, "4 1"),
    Rule.GUARDED: (BLUE, "1 2"),
    Rule.GUARDED_EVIDENCE: (VERMILLION, "1 2"),
    Rule.GUARDED_CHANGE: (VERMILLION, "1 4"),
    Rule.CONSERVATIVE: (SKY, "6 2"),
    Rule.BALANCED: (GREEN, "6 2"),
    Rule.AGGRESSIVE: (ORANGE, "6 2"),
    Rule.ORACLE: (BLACK, "2 3"),
}
"""Colour and dashes."""

_OF_REGIMES = (GREEN, VERMILLION, SKY, PURPLE, YELLOW, BLUE, ORANGE)


def of_regimes(counts: IndexColumn) -> Sequence[str]:
    """Return a colour for each regime, from how often each occurs: one for each of the seven commonest, else grey."""
    colours = [GREY] * counts.size
    for colour, code in zip(_OF_REGIMES, np.argsort(-counts, kind="stable").tolist(), strict=False):
        colours[code] = colour
    return colours
