"""Reasons of hysteresis: what waits, since when, and what it waits for."""

from __future__ import annotations

from strategic_memory_server.advice.followed import FollowedLevel
from strategic_memory_server.advice.hysteresis import HysteresisSettings, Wait
from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.advice.rules.rule_table import Comparison
from strategic_memory_server.memory.shown_time import shown_time


def waiting_reasons(
    regime: str, level: FollowedLevel, settings: HysteresisSettings, *, is_preferred: bool
) -> tuple[Reason, ...]:
    """Say what waits of the advice for a regime, the policy first.

    The comparisons are those of the moment at which it began to wait: policies by the risk they take (0 to 2), results
    since then, and the time in seconds since 1970-01-01 UTC.

    Args:
        regime: which.
        level: what is followed of it, and what waits.
        settings: what it waits for.
        is_preferred: whether it is the advice for the preferred regime, else that for the current one.
    """
    prefix, where = ("", regime) if is_preferred else ("CURRENT_", f"{regime}, the regime now,")
    found = []
    if (policy := level.policy_waits) is not None:
        found.append(
            Reason(
                f"{prefix}POLICY_WAITS",
                f"{policy.asked.name} for {where} waits{_for(policy.wait, settings)}; {level.policy.name} stands.",
                (
                    Comparison("policy", policy.asked.value, ">", level.policy.value, holds=True),
                    *_numbers(policy.wait, settings),
                ),
            )
        )
    if (leverage := level.leverage_waits) is not None:
        found.append(
            Reason(
                f"{prefix}LEVERAGE_WAITS",
                f"Leverage {leverage.asked:g} for {where} waits{_for(leverage.wait, settings)}; "
                f"{level.leverage:g} stands.",
                (
                    Comparison("leverage_hint", leverage.asked, ">", level.leverage, holds=True),
                    *_numbers(leverage.wait, settings),
                ),
            )
        )
    return tuple(found)


def _for(wait: Wait, settings: HysteresisSettings) -> str:
    due_ms, what = wait.due_ms(settings), []
    if settings.results:
        count = f"{settings.results} trade results" if settings.results > 1 else "one trade result"
        what.append(f"for {count} after that")
    if due_ms is not None:
        what.append(f"until {shown_time(due_ms)}")
    return f" since {shown_time(wait.since_ms)}, {' or '.join(what)}"


def _numbers(wait: Wait, settings: HysteresisSettings) -> tuple[Comparison, ...]:
    found = []
    if settings.results:
        found.append(Comparison("results_since", 0, ">=", settings.results, holds=False))
    if (due_ms := wait.due_ms(settings)) is not None:
        found.append(Comparison("unix_time_seconds", wait.since_ms / 1000, ">=", due_ms / 1000, holds=False))
    return tuple(found)
