from __future__ import annotations

import io
import os
import pty
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from strategic_memory_client import Feedback, FeedbackStatus, Heartbeat, Policy, Reason, RegimeAdvice, RegimePerformance
from strategic_memory_demo.display import LineDisplay, LiveDisplay, display_for, live_view
from strategic_memory_demo.line_output import LineOutput
from strategic_memory_demo.tally import DemoTally
from strategic_memory_server.entries.input_keys import META_REGIME

NOON = datetime(2025, 12, 21, 12, 0, tzinfo=UTC)


def bull(revision: int, policy: Policy) -> Feedback:
    return Feedback(
        revision=revision,
        epoch="e",
        status=FeedbackStatus.ACTIVE,
        preferred_regime="BULL",
        updated_policy=policy,
        confidence_boost=0.7321,
        leverage_hint=1.63,
        current_regime="RANGE",
        current=RegimeAdvice("RANGE", Policy.CONSERVATIVE, 0.4, 0.98),
        regime_performance=RegimePerformance(avg_pnl=0.214, win_rate=0.71, sample_count=63, wins=5, losses=2),
        reasons=(Reason(code="LEVERAGE", sentence="Leverage is clipped to [0.5, 2.0].", comparisons=()),),
        data_as_of=NOON,
    )


def nobody_gone() -> None:
    pytest.fail("the reader is still there")


def test_lines_carry_the_feedback_and_its_reasons_when_it_turns() -> None:
    tally, stream = DemoTally(), io.StringIO()
    display = LineDisplay(tally, LineOutput(stream, nobody_gone))
    balanced = bull(1, Policy.BALANCED)
    display.changed(tally.feedback_received(balanced, NOON, live=False))
    first = stream.getvalue()
    for part in (
        "12:00:00.000",
        "revision 1",
        "ACTIVE",
        "BULL -> BALANCED",
        "confidence 0.7321",
        "leverage 1.63",
        "avg pnl +0.214 win rate 0.71 samples 63",
        "now RANGE -> CONSERVATIVE leverage 0.98",
        "    Leverage is clipped to [0.5, 2.0].",
    ):
        assert part in first
    arrival = NOON + timedelta(milliseconds=9)
    display.changed(tally.feedback_received(bull(2, Policy.BALANCED), arrival, live=True))
    second = stream.getvalue().removeprefix(first)
    assert "9 ms after its newest input" in second
    assert "clipped" not in second, "reasons are repeated only when the advice turns"
    display.changed(tally.feedback_received(bull(3, Policy.AGGRESSIVE), arrival, live=True))
    assert stream.getvalue().count("clipped") == 2


def test_a_status_that_changes_without_a_feedback_gets_a_line() -> None:
    tally, stream = DemoTally(), io.StringIO()
    display = LineDisplay(tally, LineOutput(stream, nobody_gone))
    display.changed(tally.feedback_received(bull(1, Policy.BALANCED), NOON, live=False))
    before = stream.getvalue()
    display.refresh()
    assert stream.getvalue() == before
    tally.heartbeat_received(Heartbeat(1, "e", FeedbackStatus.STALE))
    display.refresh()
    display.refresh()
    assert stream.getvalue().removeprefix(before) == "status STALE\n"


def drawn(tally: DemoTally) -> str:
    console = Console(file=io.StringIO(), width=140, force_terminal=False)
    with console.capture() as captured:
        console.print(live_view(tally))
    return captured.get()


def test_the_live_view_shows_advice_reasons_changes_and_inputs() -> None:
    tally = DemoTally()
    assert "waiting for the first feedback" in drawn(tally)
    tally.feedback_received(bull(4, Policy.AGGRESSIVE), NOON, live=False)
    tally.true_regime = "VOLATILE"
    tally.written[META_REGIME] = 77
    tally.inputs_read({META_REGIME: 50}, {(META_REGIME, "pnl_not_finite"): 3})
    text = drawn(tally)
    for part in (
        "AGGRESSIVE",
        "0.7321",
        "1.63",
        "VOLATILE",
        "RANGE -> CONSERVATIVE leverage 0.98",
        "Leverage is clipped to [0.5, 2.0].",
        "revision 4",
        "77",
        "50",
        "pnl_not_finite 3",
        "stream:trade.results",
        "Ctrl-C",
    ):
        assert part in text


def test_the_live_view_fits_a_small_terminal() -> None:
    tally = DemoTally()
    for revision in range(20):
        tally.feedback_received(bull(revision, Policy.BALANCED), NOON, live=True)
    text = drawn(tally)
    assert len(text.splitlines()) <= 21, "of 24; three more reasons than here are usual"
    assert "revision 19" in text


def test_a_terminal_gets_the_live_view_and_a_pipe_gets_lines() -> None:
    tally = DemoTally()
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w") as pipe:
        assert isinstance(display_for(tally, LineOutput(pipe, nobody_gone)), LineDisplay)
    parent, child = pty.openpty()
    with os.fdopen(parent), os.fdopen(child, "w") as terminal:
        assert isinstance(display_for(tally, LineOutput(terminal, nobody_gone)), LiveDisplay)


def test_the_live_view_opens_draws_and_closes() -> None:
    tally, stream = DemoTally(), io.StringIO()
    display = LiveDisplay(tally, Console(file=stream, force_terminal=True, width=140))
    display.open()
    display.changed(tally.feedback_received(bull(1, Policy.BALANCED), NOON, live=False))
    display.refresh()
    assert "BALANCED" in stream.getvalue()
    display.close()
    display.close()
    assert stream.getvalue().endswith("\x1b[?25h"), "the cursor is back"


def test_a_reader_that_goes_away_is_told_once_and_nothing_fails() -> None:
    reading, writing = os.pipe()
    gone = []
    with os.fdopen(writing, "w") as pipe:
        output = LineOutput(pipe, lambda: gone.append(True))
        output.write(["heard"])
        os.close(reading)
        output.write(["unheard"])
        output.write(["unheard"])
    assert gone == [True]
