"""Figures and analyses made by hand, for the rules."""

from __future__ import annotations

from hypothesis import strategies as st

from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures
from strategic_memory_server.memory.leverage_cap import LeverageCap, LeverageCaps, in_order
from strategic_memory_server.memory.policy import Policy

TABLE_REGIMES = ("BULL", "RANGE", "BEAR", "VOLATILE", "UNCERTAIN", "CRASH")


def figures(
    regime: str = "BULL",
    *,
    avg_pnl: float = 0.0,
    wins: int = 0,
    losses: int = 0,
    confidence: float | None = None,
    best_policy: Policy | None = None,
    sample_count: int = 1,
) -> RegimeFigures:
    """Figures with exactly this mean pnl; with a sample count other than a power of two, to the last bit or so."""
    return RegimeFigures(
        regime=regime,
        sample_count=sample_count,
        total_pnl=avg_pnl * sample_count,
        wins=wins,
        losses=losses,
        confidence=confidence,
        best_policy=best_policy,
    )


def caps(limit: float | None = None, exposure: float | None = None) -> LeverageCaps:
    """Caps of the two inputs that can hold one; None: it holds none."""
    found = {"risk:leverage_limits": limit, "exposure:summary": exposure}
    return in_order(LeverageCap(source, value) for source, value in found.items() if value is not None)


def analysis_of(*regimes: RegimeFigures, cap: float | None = None, sample_count: int | None = None) -> Analysis:
    """An analysis with these regimes, best first; it has enough samples unless it is said how many."""
    return Analysis(
        regimes=regimes,
        current_regime=regimes[0].regime if regimes else "UNKNOWN",
        sample_count=100 if sample_count is None else sample_count,
        data_as_of_ms=None,
        leverage_caps=caps(cap),
    )


pnl = st.floats(-1e15, 1e15, allow_nan=False) | st.floats(-2.0, 2.0, allow_nan=False) | st.sampled_from([0.1, 0.2])


@st.composite
def any_figures(draw: st.DrawFn) -> RegimeFigures:
    """Figures of any regime, good or bad."""
    return RegimeFigures(
        regime=draw(st.sampled_from(TABLE_REGIMES)),
        sample_count=draw(st.integers(1, 60)),
        total_pnl=draw(pnl),
        wins=draw(st.integers(0, 100)),
        losses=draw(st.integers(0, 100)),
        confidence=draw(st.none() | st.floats(0.0, 1.0) | st.floats(-1e15, 1e15)),
        best_policy=draw(st.none() | st.sampled_from(Policy)),
    )
