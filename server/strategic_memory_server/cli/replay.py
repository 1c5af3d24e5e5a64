"""Flags and help of `strategic-memory-server replay`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.core import ParameterSource
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.advice.hysteresis import LONGEST_WAIT_S, HysteresisSettings
from strategic_memory_server.cli.each_once import each_once
from strategic_memory_server.cli.plain_numbers import Number, Whole
from strategic_memory_server.cli.written_options import declared, possible_ms, record_options
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.window_settings import MAX_WINDOW, WindowSettings
from strategic_memory_server.replay.command import run_replay
from strategic_memory_server.replay.courses.advice_table import require_format
from strategic_memory_server.replay.courses.rules import BY_DEFAULT, FIXED, Rule
from strategic_memory_server.replay.files.errors import NotInstalledError, ReplayError
from strategic_memory_server.replay.formats.column_map import parse_map
from strategic_memory_server.replay.formats.listing import HEAD, listed
from strategic_memory_server.replay.judging.options import ReplayOptions
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.report.report_files import JSON_NAME, PAGE_NAME

_RULES = {"fixed": tuple(FIXED), "all": tuple(Rule), **{rule.value: (rule,) for rule in Rule}}
_WINDOW = Whole(1, MAX_WINDOW)
_EVERY = Whole(min=1)

_WIDTH_OF_A_FILE = 160
"""Characters of a line of the table of formats, where no terminal says it."""


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=lambda _context, _parameter, files: each_once(files),
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("replay-report"),
    show_default=True,
    help="Folder for report.json and report.html.",
)
@click.option(
    "--advice-out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the advice as a data set too, one row a decision: .parquet or .csv.",
)
@click.option(
    "--advice-rules",
    type=click.Choice(["reference", "evidence", "exploring", "change"]),
    default="reference",
    show_default=True,
    help="By which rules --advice-out advises.",
)
@record_options
@click.option(
    "--against",
    multiple=True,
    metavar="RULES",
    help=f"Rules to compare where the file says what each policy would have earned, separated by commas: "
    f"{', '.join(_RULES)}. Default: all but {Rule.CHANGE} and the guarded ones.",
)
@click.option("--every", type=_EVERY, help="Entries from one decision of the reference rules to the next.")
@click.option(
    "--evidence-every", type=_EVERY, help="The same of the evidence. Default of both: as few as is affordable."
)
@click.option("--regime-window", type=_WINDOW, default=50, show_default=True, help="Regime observations remembered.")
@click.option("--portfolio-window", type=_WINDOW, default=50, show_default=True, help="Portfolio entries remembered.")
@click.option("--trade-window", type=_WINDOW, default=30, show_default=True, help="Trades remembered.")
@click.option(
    "--decay", type=Number(0, 1, min_open=True), default=0.998, show_default=True, help="See docs/evidence.md."
)
@click.option(
    "--required-probability",
    type=Number(0.5, 1, max_open=True),
    default=0.8,
    show_default=True,
    help="See docs/evidence.md.",
)
@click.option("--exploration-width", type=Number(0), default=1.0, show_default=True, help="See docs/evidence.md.")
@click.option("--exploration-hold", type=Whole(1), default=20, show_default=True, help="See docs/evidence.md.")
@click.option("--hysteresis-results", type=Whole(0), default=0, show_default=True, help="See docs/rules.md.")
@click.option(
    "--hysteresis-seconds",
    type=Number(0, LONGEST_WAIT_S),
    default=0.0,
    show_default=True,
    help="See docs/rules.md.",
)
@click.option("--leverage-guard", is_flag=True, help="For --advice-out. See docs/drawdown-guard.md.")
@click.option(
    "--formats",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _parameter, asked: _print_formats(context, asked=asked),
    help="Print the formats that are known by their columns, and which of these are read.",
)
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.pass_context
def replay(
    context: click.Context,
    files: tuple[Path, ...],
    out: Path,
    advice_out: Path | None,
    advice_rules: str,
    names: tuple[str, ...],
    kind: str | None,
    strategy: str | None,
    decimal: str | None,
    dates: str | None,
    zone: str | None,
    accept_refused: float | None,
    against: tuple[str, ...],
    every: int | None,
    evidence_every: int | None,
    regime_window: int,
    portfolio_window: int,
    trade_window: int,
    decay: float,
    required_probability: float,
    exploration_width: float,
    exploration_hold: int,
    hysteresis_results: int,
    hysteresis_seconds: float,
    *,
    leverage_guard: bool,
    one_unit: bool,
    quiet: bool,
) -> None:
    """Say what it would have advised over recorded trades.

    And says what that was worth. FILE is CSV, JSON, Parquet, feather, a workbook, SQLite, HTML or XML, or a .zip or .gz
    of these, whatever its name ends in. Every entry is known from its own time on, and no earlier. See docs/formats.md
    for the columns.

    Exit codes: 0 done, 1 failed (nothing usable in the files, for example), 2 wrong flag, 130 interrupted.
    """
    try:
        if advice_out is None:
            _require_no_advice_flags(context)
        else:
            require_format(advice_out)
        for flag, path in (("--advice-out", advice_out), ("--out", out / JSON_NAME), ("--out", out / PAGE_NAME)):
            if path is not None and path.exists() and any(path.samefile(file) for file in files):
                raise ReplayError(f"{flag} {path} is one of the files that are read")
        hysteresis = _hysteresis(hysteresis_results, hysteresis_seconds, trade_window)
        options = ReplayOptions(
            files=files,
            out=out,
            advice_out=advice_out,
            names=parse_map(names),
            default_kind=None if kind is None else Kind[kind.upper()],
            rules=_rules(against, is_held=hysteresis.is_on),
            reference_every=every,
            evidence_every=evidence_every,
            strategy=strategy,
            accept_refused=accept_refused,
            within_ms=possible_ms(),
            declared=declared(decimal, dates, zone, one_unit=one_unit),
            advice=AdviceSettings(
                rules=Rules.REFERENCE if advice_rules == "reference" else Rules.EVIDENCE,
                windows=WindowSettings(regime_window, portfolio_window, trade_window),
                evidence=EvidenceSettings(
                    decay=decay,
                    required_probability=required_probability,
                    exploration_width=exploration_width,
                    exploration_hold=exploration_hold,
                    explore=advice_rules == "exploring",
                    change=advice_rules == "change",
                ),
                hysteresis=hysteresis,
                leverage_guard=leverage_guard,
            ),
        )
    except NotInstalledError as error:
        raise click.ClickException(str(error)) from None
    except (ReplayError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    context.exit(run_replay(options, quiet=quiet, ends_process=True))


def _require_no_advice_flags(context: click.Context) -> None:
    """Refuse flags of the data set where none is written: they would do nothing.

    Raises:
        ReplayError: there is one.
    """
    for flag in ("advice_rules", "leverage_guard"):
        if context.get_parameter_source(flag) is ParameterSource.COMMANDLINE:
            name = f"--{flag.replace('_', '-')}"
            raise ReplayError(f"{name} is of the data set of --advice-out: give that too, or compare with --against")


def _print_formats(context: click.Context, *, asked: bool) -> None:
    if asked:
        table = Table(box=SIMPLE_HEAD, show_lines=True)
        for name in HEAD:
            table.add_column(name, overflow="fold")
        for row in listed():
            table.add_row(*row)
        Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE).print(table)
        context.exit()


def _hysteresis(results: int, seconds: float, trade_window: int) -> HysteresisSettings:
    if results > trade_window:
        raise ReplayError(
            f"--hysteresis-results {results}: the results of --trade-window are counted, which is {trade_window}"
        )
    return HysteresisSettings(results, seconds)


def _rules(against: tuple[str, ...], *, is_held: bool) -> tuple[Rule, ...]:
    asked: set[Rule] = set()
    for name in (name.strip().lower() for text in against for name in text.split(",")):
        if name not in _RULES:
            raise ReplayError(f"--against {name!r}: there are {', '.join(_RULES)}")
        if name == Rule.HELD and not is_held:
            raise ReplayError("--against held: give --hysteresis-results or --hysteresis-seconds, by which it is held")
        asked.update(_RULES[name])
    return tuple(rule for rule in Rule if rule in asked) if against else BY_DEFAULT
