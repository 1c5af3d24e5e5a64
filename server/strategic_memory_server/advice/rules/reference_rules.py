"""The reference rules, version 1.0.0, as tables and constants.

Consumers rely on these numbers: a change of any of them is a new version.
"""

from __future__ import annotations

from strategic_memory_server.advice.rules.rule_table import Row
from strategic_memory_server.memory.policy import Policy

VERSION = "1.0.0"

POLICY_TABLE: tuple[Row[Policy], ...] = (
    Row(Policy.AGGRESSIVE, regimes=("BULL",), win_rate_above=0.6, avg_pnl_above=0.2),
    Row(Policy.BALANCED, regimes=("BULL",), win_rate_above=0.5, avg_pnl_above=0.1),
    Row(Policy.BALANCED, regimes=("RANGE",), win_rate_above=0.55),
)
"""Policy advised for the preferred regime; what no row matches is CONSERVATIVE."""

LEVERAGE_TABLE: tuple[Row[float], ...] = (
    Row(1.5, regimes=("BULL",), win_rate_above=0.6, avg_pnl_above=0.2),
    Row(1.2, regimes=("BULL",), win_rate_above=0.5),
    Row(1.0, regimes=("RANGE",), win_rate_above=0.55),
    Row(0.7, regimes=("BEAR", "VOLATILE", "UNCERTAIN")),
)
"""Base of the leverage hint for the preferred regime; what no row matches is DEFAULT_LEVERAGE_BASE."""

DEFAULT_LEVERAGE_BASE = 1.0
LEVERAGE_AT_NO_CONFIDENCE = 0.8
LEVERAGE_PER_CONFIDENCE = 0.4
LEVERAGE_BOUNDS = (0.5, 2.0)
LEVERAGE_DECIMALS = 2

PNL_WEIGHT = 0.6
WIN_RATE_WEIGHT = 0.4
FULL_WEIGHT_SAMPLES = 20
CONFIDENCE_DECIMALS = 4

MINIMUM_SAMPLES = 3
MINIMUM_POLICY_TRADES = 3
