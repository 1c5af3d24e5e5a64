"""The live view drawn from its state, to fit a terminal: what matters most stands first, and the rest is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from textwrap import wrap

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.admin_table import hand_rows
from strategic_memory_client.cli.evidence_text import guard_text, leverage, regime_advice
from strategic_memory_client.cli.live_state import LiveState
from strategic_memory_client.cli.text import NOT_KNOWN, colour, name, number, plain, share
from strategic_memory_client.values.analysis import RegimeAnalysis
from strategic_memory_client.values.results import Feedback

_STEPS = "▁▂▃▄▅▆▇█"
_MOST_LEVERAGE = 2.0
_BAR = 16
_LINES_AROUND = 11
"""Lines that are neither reasons nor regimes."""


def live_view(state: LiveState, now: datetime, width: int, height: int) -> RenderableType:
    """Draw the view; `now` is the time of this machine (aware), the size is that of the terminal."""
    advice = state.advice_at(now)
    if advice is None:
        # Nothing else is shown: there is room for what to do.
        return Text(_cut(f"Waiting for the first feedback. {_contact(state, now)}", width * max(height - 1, 1)))
    said = hand_rows(advice.override, advice.freeze, now)
    hand = [Text(_cut(f"{what}: {text}", width), style="bold yellow") for what, text in said]
    if advice.guard is not None and advice.guard.factor < 1.0:
        hand.append(Text(_cut(f"drawdown guard: {guard_text(advice.guard)}", width), style="yellow"))
    room = max(height - _LINES_AROUND - len(hand), 1)
    shown = _regimes(state)[: room // 2]
    parts: list[RenderableType] = [
        _headline(advice),
        *hand,
        _advice(advice, state, now),
        Text(_cut(_contact(state, now), width), style="red" if state.lost else "dim"),
        _heading("Why"),
        *map(Text, _reasons(advice, width, room - len(shown))),
    ]
    if shown:
        parts += [_heading("Regimes, by mean pnl"), _bars(shown)]
    span = max(width - 14, 10)
    parts += [
        Text(f"leverage    {spark(state.leverages, _MOST_LEVERAGE, span)}", no_wrap=True),
        Text(f"confidence  {spark(state.confidences, 1.0, span)}", no_wrap=True),
        Text(_cut(_counts(advice, state), width), style="dim"),
    ]
    return Group(*parts)


def spark(values: Iterable[float], most: float, width: int) -> str:
    """Draw the newest values as a row of bars, one character each, between 0 and `most`."""
    newest = list(values)[-width:]
    top = len(_STEPS) - 1
    return "".join(_STEPS[round(min(max(value / most, 0.0), 1.0) * top)] for value in newest)


def _headline(advice: Feedback) -> Text:
    return Text.assemble(
        f"{plain(advice.portfolio)}  " if advice.portfolio else "",
        (advice.status.value, f"bold {colour(advice.status)}"),
        "  ",
        (advice.updated_policy.value, "bold"),
        f"  leverage {leverage(advice.leverage_hint, advice.leverage_bound_by)}",
        f"  confidence {number(advice.confidence_boost)}",
        no_wrap=True,
        overflow="ellipsis",
    )


def _advice(advice: Feedback, state: LiveState, now: datetime) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    there = f": {regime_advice(advice.current)}" if advice.current else ""
    table.add_row("has paid best", Text(plain(advice.preferred_regime)))
    table.add_row("is now", Text(plain(advice.current_regime) + there))
    table.add_row("holds for", _holds(state, now))
    return table


def _reasons(advice: Feedback, width: int, room: int) -> list[str]:
    """Return the lines of the reasons: whole where there is room for all of them, else each cut to one."""
    numbered = [f"{place}. {plain(reason.sentence)}" for place, reason in enumerate(advice.reasons, 1)]
    whole = [line for each in numbered for line in wrap(each, max(width, 10), subsequent_indent="   ")]
    return whole if len(whole) <= room else [_cut(each, width) for each in numbered[:room]]


def _holds(state: LiveState, now: datetime) -> Text:
    if left_s := state.left_s(now):
        return Text(f"{left_s:.0f} s, unless it is confirmed")
    return Text("nothing: the safe values stand", style="red")


def _contact(state: LiveState, now: datetime) -> str:
    if state.lost:
        return f"No server is heard: {plain(state.lost)}; trying again"
    if state.came_at is None:
        return "No server has answered yet"
    return f"heard {max((now - state.came_at).total_seconds(), 0.0):.0f} s ago"


def _regimes(state: LiveState) -> Sequence[RegimeAnalysis]:
    return () if state.analysis is None else state.analysis.regimes


def _bars(regimes: Sequence[RegimeAnalysis]) -> Table:
    most = max((abs(each.avg_pnl) for each in regimes), default=0.0) or 1.0
    table = Table.grid(padding=(0, 2))
    for each in regimes:
        length = round(abs(each.avg_pnl) / most * _BAR)
        bar = Text("█" * length, style="green" if each.avg_pnl >= 0 else "red")
        figures = f"{each.sample_count} entries, {share(each.win_rate)} won, best {name(each.best_policy)}"
        regime = Text(plain(each.regime))
        table.add_row(regime, f"{each.avg_pnl:+.4g}", bar, Text(figures, no_wrap=True, overflow="ellipsis"))
    return table


def _counts(advice: Feedback, state: LiveState) -> str:
    epochs = f", {state.epochs} epochs begun" if state.epochs else ""
    return (
        f"revision {advice.revision} of {plain(advice.epoch) or NOT_KNOWN}; {state.reconnects} reconnects, "
        f"{state.skipped} revisions skipped{epochs}; Ctrl-C ends"
    )


def _heading(text: str) -> Text:
    return Text(text, style="bold underline")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
