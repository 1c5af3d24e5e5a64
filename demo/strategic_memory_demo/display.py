"""What a demo shows: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from strategic_memory_client import Feedback
from strategic_memory_demo.line_output import LineOutput
from strategic_memory_demo.tally import Change, DemoTally
from strategic_memory_server.entries.input_keys import STREAM_SOURCES

_COLOURS = {"AGGRESSIVE": "bold green", "BALANCED": "bold yellow", "CONSERVATIVE": "bold cyan"}


class Display(Protocol):
    """Shows a demo while it runs."""

    def open(self) -> None:
        """Begin."""

    def changed(self, change: Change) -> None:
        """Show a new feedback."""

    def refresh(self) -> None:
        """Show the counters again."""

    def close(self) -> None:
        """End; may be called again."""


class LineDisplay:
    """One line for each feedback, and its reasons whenever the advice turns."""

    def __init__(self, tally: DemoTally, output: LineOutput) -> None:
        """Write to `output`, which need not be a terminal."""
        self._tally = tally
        self._output = output
        self._status = tally.status

    def open(self) -> None:
        """Do nothing: the first line is the first feedback."""

    def changed(self, change: Change) -> None:
        """Write the feedback, and why, if it turned."""
        self._status = change.feedback.status
        lines = [feedback_line(change)]
        if change.turned:
            lines += [f"    {reason.sentence}" for reason in change.feedback.reasons]
        self._output.write(lines)

    def refresh(self) -> None:
        """Write a line when the status changed without a feedback, as it does when advice becomes stale."""
        if self._tally.status != self._status:
            self._status = self._tally.status
            self._output.write([f"status {self._status}"])

    def close(self) -> None:
        """Do nothing."""


class LiveDisplay:
    """A view that stays in place: the advice and its reasons, the last changes, the inputs."""

    def __init__(self, tally: DemoTally, console: Console) -> None:
        """Draw on `console`, a terminal."""
        self._tally = tally
        # Without a thread of its own: the event loop refreshes it, never in the middle of a change.
        self._live = Live(console=console, auto_refresh=False)

    def open(self) -> None:
        """Begin to draw."""
        self._live.start()

    def changed(self, change: Change) -> None:
        """Wait for the next refresh: many changes a second are not readable."""

    def refresh(self) -> None:
        """Draw what the tally says now."""
        self._live.update(live_view(self._tally), refresh=True)

    def close(self) -> None:
        """Draw a last time and leave it on the terminal."""
        if self._live.is_started:
            self.refresh()
            self._live.stop()


def display_for(tally: DemoTally, output: LineOutput) -> Display:
    """Choose the live view on a terminal, plain lines elsewhere."""
    console = Console(file=output.stream)
    return LiveDisplay(tally, console) if console.is_terminal else LineDisplay(tally, output)


def feedback_line(change: Change) -> str:
    """Put a feedback into one line."""
    feedback = change.feedback
    parts = [
        f"{change.received_at:%H:%M:%S.%f}"[:-3],
        f"revision {feedback.revision}",
        feedback.status,
        f"{feedback.preferred_regime} -> {feedback.updated_policy}",
        f"confidence {feedback.confidence_boost:.4f}",
        f"leverage {feedback.leverage_hint:.2f}",
    ]
    if performance := feedback.regime_performance:
        win_rate = "none" if performance.win_rate is None else f"{performance.win_rate:.2f}"
        parts.append(f"avg pnl {performance.avg_pnl:+.3f} win rate {win_rate} samples {performance.sample_count}")
    if feedback.current_regime != feedback.preferred_regime:
        parts.append(f"now {_now(feedback)}")
    return "  ".join([*parts, _latency(change)]).rstrip()


def live_view(tally: DemoTally) -> RenderableType:
    """Draw the whole view; it fits a terminal of 24 lines unless the reasons are long."""
    newest = tally.newest
    if newest is None:
        return Text("waiting for the first feedback")
    return Group(
        _heading("Strategic Memory Sync: the advice in force"),
        _advice(tally, newest),
        _heading("Why"),
        *(Text(f"{number}. {reason.sentence}") for number, reason in enumerate(newest.feedback.reasons, 1)),
        _heading("Last changes"),
        _changes(tally),
        _heading("Inputs"),
        _inputs(tally),
        Text("Ctrl-C ends the demo.", style="dim"),
    )


def _heading(text: str) -> Text:
    return Text(text, style="bold underline")


def _coloured(policy: str) -> Text:
    return Text(policy, style=_COLOURS.get(policy, ""))


def _advice(tally: DemoTally, newest: Change) -> Table:
    feedback = newest.feedback
    table = Table.grid(padding=(0, 3))
    table.add_row("status", Text(tally.status or ""), "revision", str(feedback.revision))
    table.add_row("preferred regime", Text(feedback.preferred_regime), "policy", _coloured(feedback.updated_policy))
    bound_by = f" (bound by {feedback.leverage_bound_by})" if feedback.leverage_bound_by else ""
    leverage = Text(f"{feedback.leverage_hint:.2f}{bound_by}")
    table.add_row("confidence", f"{feedback.confidence_boost:.4f}", "leverage hint", leverage)
    table.add_row("regime now", Text(_now(feedback)), "in truth", tally.true_regime)
    return table


def _now(feedback: Feedback) -> str:
    """Say which regime is present, and what is advised there."""
    current = feedback.current
    there = f" -> {current.policy} leverage {current.leverage_hint:.2f}" if current else ""
    return f"{feedback.current_regime}{there}"


def _changes(tally: DemoTally) -> Table:
    table = Table.grid(padding=(0, 3))
    for change in tally.changes:
        feedback = change.feedback
        table.add_row(
            f"{change.received_at:%H:%M:%S}",
            f"revision {feedback.revision}",
            Text(feedback.preferred_regime),
            _coloured(feedback.updated_policy),
            f"confidence {feedback.confidence_boost:.4f}",
            f"leverage {feedback.leverage_hint:.2f}",
            _latency(change),
        )
    return table


def _latency(change: Change) -> str:
    if change.since_newest_input_s is None:
        return ""
    return f"{change.since_newest_input_s * 1000:.0f} ms after its newest input"


def _inputs(tally: DemoTally) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("source", "written", "malformed", "in use", "rejected"):
        table.add_column(heading)
    for source in STREAM_SOURCES:
        rejected = tally.rejected.get(source, {})
        table.add_row(
            source,
            str(tally.written[source]),
            str(tally.malformed[source]),
            str(tally.used.get(source, 0)),
            Text(", ".join(f"{reason} {count}" for reason, count in rejected.items())),
        )
    return table
