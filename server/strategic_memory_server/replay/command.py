"""A replay from the command line: progress, report, summary and exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from strategic_memory_server.process.ending_signals import ending_signals
from strategic_memory_server.replay.courses.advice_table import write_advice
from strategic_memory_server.replay.courses.course import affordable_every
from strategic_memory_server.replay.courses.served_advice import served_advice
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.judging.findings import findings
from strategic_memory_server.replay.judging.options import REFERENCE_DECISIONS, ReplayOptions
from strategic_memory_server.replay.judging.replayed import Replayed, Stages, replay
from strategic_memory_server.replay.report.report_files import Writing, require_writable, write_report
from strategic_memory_server.replay.report.report_page import report_page
from strategic_memory_server.replay.report.summary import summary

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def run_replay(options: ReplayOptions, *, quiet: bool, ends_process: bool = False) -> int:
    """Replay, write the report and say where it is; give the exit code.

    Args:
        options: what is asked.
        quiet: whether to say nothing but errors.
        ends_process: whether nothing comes after it: an interrupt after the report was written is then ignored.
    """
    began = monotonic()
    try:
        require_writable(options.out)
        if options.advice_out:
            require_writable(options.advice_out.parent)
        with _interruptible(ends_process=ends_process) as interruption:
            with _stages(interruption, quiet=quiet) as stages:
                replayed = replay(options, stages)
                report = findings(replayed, options, stages)
                stages("report", 0.0)
                page = report_page(replayed, report)
                stages("report", 1.0)
                beside = _advice_out(options, replayed, stages)
                write_report(options.out, report, page, interruption.too_late, beside)
            if not quiet:
                sys.stdout.write(summary(options, report, monotonic() - began))
    except ReplayError as error:
        sys.stderr.write(f"strategic-memory-server replay: {error}\n")
        return EXIT_FAILED
    except KeyboardInterrupt:
        sys.stderr.write("strategic-memory-server replay: interrupted; no report was written\n")
        return EXIT_INTERRUPTED
    return EXIT_OK


def _advice_out(options: ReplayOptions, replayed: Replayed, stages: Stages) -> dict[Path, Writing]:
    """Return what writes the advice as a data set, where it is asked for."""
    file = options.advice_out
    if file is None:
        return {}
    every = options.reference_every or affordable_every(len(replayed.record), REFERENCE_DECISIONS)
    served = served_advice(replayed.record, options.advice, every, partial(stages, "advice"))
    return {file: partial(write_advice, served, ending=file.suffix)}


class _Interruption:
    """What the signals do while there is work that they can stop."""

    def __init__(self) -> None:
        self.asked = False
        self.is_late = False

    def take(self, _number: int, _frame: object) -> None:
        """Stop the work, where that is not too late."""
        if not self.is_late and not self.asked:
            self.asked = True
            raise KeyboardInterrupt

    def check(self) -> None:
        """Stop the work if that was asked for: an interrupt that meets Python tidying up is lost."""
        if self.asked:
            raise KeyboardInterrupt

    def too_late(self) -> None:
        """Let the work be finished from now on, unless it was to be stopped before."""
        self.is_late = True
        self.check()


@contextmanager
def _interruptible(*, ends_process: bool) -> Iterator[_Interruption]:
    """Let the signals stop the work; while the program starts, they end it as if nothing had been asked."""
    interruption = _Interruption()
    before = {number: signal.signal(number, interruption.take) for number in ending_signals()}
    try:
        yield interruption
    finally:
        # Python lets a signal end the process while it tidies up, except for one that is ignored.
        ignored = ends_process and interruption.is_late
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if ignored else handler)


@contextmanager
def _stages(interruption: _Interruption, *, quiet: bool) -> Iterator[Stages]:
    """Show the progress of each stage, on a terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _stage, _share: interruption.check()
        return
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), console=console
    )
    tasks: dict[str, TaskID] = {}

    def report_progress(stage: str, share: float) -> None:
        interruption.check()
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=1.0)
        bar.update(tasks[stage], completed=share)

    with bar:
        yield report_progress
