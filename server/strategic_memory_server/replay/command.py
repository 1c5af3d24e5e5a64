"""A replay from the command line: progress, report, summary and exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from strategic_memory_server.replay.errors import ReplayError
from strategic_memory_server.replay.findings import JsonReport, findings
from strategic_memory_server.replay.options import ReplayOptions
from strategic_memory_server.replay.replayed import Stages, replay
from strategic_memory_server.replay.report_files import PAGE_NAME, require_writable, write_report
from strategic_memory_server.replay.report_page import report_page

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def run_replay(options: ReplayOptions, *, quiet: bool) -> int:
    """Replay, write the report and say where it is; give the exit code."""
    began = monotonic()
    try:
        require_writable(options.out)
        with _interruptible(), _stages(quiet=quiet) as stages:
            replayed = replay(options, stages)
            report = findings(replayed, options, stages)
            page = report_page(replayed, report)
            write_report(options.out, report, page)
    except ReplayError as error:
        sys.stderr.write(f"strategic-memory-server replay: {error}\n")
        return EXIT_FAILED
    except KeyboardInterrupt:
        sys.stderr.write("strategic-memory-server replay: interrupted; no report was written\n")
        return EXIT_INTERRUPTED
    if not quiet:
        sys.stdout.write(_summary(options, report, monotonic() - began))
    return EXIT_OK


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let both signals stop the work; while the program starts, they end it as if nothing had been asked."""
    before = {number: signal.signal(number, _interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _stages(*, quiet: bool) -> Iterator[Stages]:
    """Show the progress of each stage, on a terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _stage, _share: None
        return
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), console=console
    )
    tasks: dict[str, TaskID] = {}

    def tell(stage: str, share: float) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=1.0)
        bar.update(tasks[stage], completed=share)

    with bar:
        yield tell


def _summary(options: ReplayOptions, report: JsonReport, seconds: float) -> str:
    rows = report["rows"]
    lines = [f"{rows['used']:,} entries replayed in {seconds:.1f} s"]
    if rows["refused"]:
        reasons = ", ".join(f"{reason} {each['rows']:,}" for reason, each in rows["refused_by_reason"].items())
        lines.append(f"{rows['refused']:,} rows could not be used: {reasons}")
    for rule, advice in report["advice"].items():
        now = advice["now"]
        lines.append(
            f"{rule} now: {now['policy']} ({now['regime'] or 'no regime'}), {advice['changes']:,} changes so far"
        )
    lines.extend(
        f"{each['rule']} against {each['against']}: {each['mean']:+.4g} a trade, {each['statement']}"
        for each in report["differences"]
    )
    lines.append(f"Report: {options.out / PAGE_NAME}")
    return "\n".join(lines) + "\n"
