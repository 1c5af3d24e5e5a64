"""`strategic-memory analyze`: what the memory says, or would say under other assumptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import click

from strategic_memory_client.cli.analysis_table import print_analysis
from strategic_memory_client.cli.client_command import client_command, complain
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.files.memory_files import lengths, read_memory
from strategic_memory_client.cli.json_lines import feedback_json, json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.plain_numbers import Number, Whole
from strategic_memory_client.cli.policy_rules import SYNTAX, parse_policy_rule
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.cli.times import LENGTH_SYNTAX, MOMENT_SYNTAX, parse_length, parse_moment
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.values.analysis_request import AnalysisSettings, EvidenceSettings, InlineMemory
from strategic_memory_client.values.results import Rules

_Parsed = TypeVar("_Parsed")

_COUNT = Whole(min=1)
_WINDOW_HELP = "Newest {} to use instead of as many as the service is set to, or of all with --file."
_LONGEST_WINDOW = 1_000_000
_NO_PAST_ADVICE = (
    "past advice was asked for and is not in the answer: it is none about the stored memory, Redis refuses to read the "
    "feedback log, or the service is of a version that knows nothing of it"
)


@client_command(
    "strategic-memory analyze --trade-window 1000",
    "strategic-memory analyze --as-of 2026-01-05T09:30:00Z --max-age 7d",
    "strategic-memory analyze --policy-rule '*:win_rate>0.5=BALANCED'",
    "strategic-memory analyze --policy-rule 'BULL:avg_pnl>0.2=AGGRESSIVE' \\",
    "                         --policy-rule '*=CONSERVATIVE'",
    "strategic-memory analyze --file trades.csv --file regimes.parquet",
    'echo \'{"regime_observations": {"regime": ["BULL"], "pnl": [0.4]}}\' |',
    "  strategic-memory analyze --file - --minimum-samples 1 --json",
)
@click.option("--regime-window", type=_COUNT, metavar="N", help=_WINDOW_HELP.format("regime observations"))
@click.option("--portfolio-window", type=_COUNT, metavar="N", help=_WINDOW_HELP.format("portfolio entries"))
@click.option("--trade-window", type=_COUNT, metavar="N", help=_WINDOW_HELP.format("trade results"))
@click.option("--minimum-samples", type=_COUNT, metavar="N", help="Entries needed before there is a feedback.")
@click.option(
    "--minimum-policy-trades", type=_COUNT, metavar="N", help="Trades a policy needs before it can be the best one."
)
@click.option(
    "--policy-rule",
    multiple=True,
    metavar="RULE",
    help=f"Rule of the policy table, {SYNTAX}; repeat it, first match first. '*' is any regime.",
)
@click.option(
    "--rules",
    type=click.Choice([rules.value.lower() for rules in Rules], case_sensitive=False),
    help="Rules to be in charge of the feedback instead of those that the service is set to.",
)
@click.option("--as-of", metavar="TIME", help=f"Answer as of this moment, such as {MOMENT_SYNTAX}.")
@click.option("--max-age", metavar="LENGTH", help=f"Leave out what is older than that: {LENGTH_SYNTAX}.")
@click.option(
    "--half-life",
    type=Number(0, min_open=True),
    metavar="TRADES",
    help="Trades of a regime after which an earlier one counts half.",
)
@click.option(
    "--required-probability", type=Number(0, 1), metavar="P", help="Probability of beating CONSERVATIVE that is needed."
)
@click.option("--minimum-trades", type=Number(0), metavar="N", help="Weight of trades a policy needs as evidence.")
@click.option("--risk-aversion", type=Number(0), metavar="X", help="What a unit of variance costs as evidence.")
@click.option("--change/--no-change", default=None, help="Whether the evidence looks for change.")
@click.option(
    "--hysteresis-results",
    type=Whole(min=0),
    metavar="N",
    help="Follow more risk after so many trade results for which it was asked for; 0: none are counted.",
)
@click.option(
    "--hysteresis-seconds", type=Number(0), metavar="S", help="The same in seconds. Of the two, whichever passes first."
)
@click.option(
    "--past-revisions",
    type=Whole(min=0),
    metavar="N",
    help="Judge past advice too: the newest N revisions, by the trades of the window.",
)
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    help="Analyse the observations in this file instead: JSON, CSV or Parquet; '-' is stdin. May be repeated.",
)
@json_option
def analyze(
    client: StrategicMemoryClient,
    *,
    regime_window: int | None,
    portfolio_window: int | None,
    trade_window: int | None,
    minimum_samples: int | None,
    minimum_policy_trades: int | None,
    policy_rule: tuple[str, ...],
    rules: str | None,
    as_of: str | None,
    max_age: str | None,
    half_life: float | None,
    required_probability: float | None,
    minimum_trades: float | None,
    risk_aversion: float | None,
    change: bool | None,
    hysteresis_results: int | None,
    hysteresis_seconds: float | None,
    past_revisions: int | None,
    files: tuple[str, ...],
    as_json: bool,
) -> ExitCode:
    """Show what the memory says, or would say otherwise set.

    Nothing is published. FILE holds one JSON object of columns, oldest first, as the InlineMemory message has them:
    regime_observations (regime, pnl, volatility, trend, confidence, time_ms), portfolio_entries (regime, pnl, time_ms,
    opened_at), trade_results (market_regime, realized_pnl, policy, strategy, time_ms, opened_at) and max_leverage_hint.
    All may be left out; null in a column is a value that is not known. Or it is one of these tables as CSV or Parquet,
    with these columns, and others that are not used; TABLE=FILE says which one where that is open.
    """
    evidence = EvidenceSettings(half_life, required_probability, minimum_trades, risk_aversion, change)
    settings = AnalysisSettings(
        regime_window=regime_window,
        portfolio_window=portfolio_window,
        trade_window=trade_window,
        minimum_samples=minimum_samples,
        minimum_policy_trades=minimum_policy_trades,
        policy_rules=tuple(_parsed(parse_policy_rule, text, "--policy-rule") for text in policy_rule),
        rules=None if rules is None else Rules(rules.upper()),
        as_of=None if as_of is None else _parsed(parse_moment, as_of, "--as-of"),
        max_age=None if max_age is None else _parsed(parse_length, max_age, "--max-age"),
        evidence=None if evidence == EvidenceSettings() else evidence,
        past_revisions=past_revisions,
        hysteresis_results=hysteresis_results,
        hysteresis_seconds=hysteresis_seconds,
    )
    memory = _memory(files) if files else None
    result = client.analyze(memory, settings=settings if memory is None else _whole(settings, memory))
    if writes_json(as_json):
        write_line(json_line({"analysis": result.analysis, "feedback": feedback_json(result.feedback)}))
    else:
        print_analysis(result)
    if past_revisions and result.analysis.past_advice is None:
        complain(_NO_PAST_ADVICE)
    return ExitCode.OK


def _parsed(parse: Callable[[str], _Parsed], text: str, option: str) -> _Parsed:
    try:
        return parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _memory(files: Sequence[str]) -> InlineMemory:
    try:
        return read_memory(files, complain)
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="--file") from error


def _whole(settings: AnalysisSettings, memory: InlineMemory) -> AnalysisSettings:
    """Return the settings with windows as long as the tables where none are given: nothing is left out unasked."""
    length = {kind: min(rows, _LONGEST_WINDOW) or None for kind, rows in lengths(memory).items()}
    return replace(
        settings,
        regime_window=settings.regime_window or length["regime_observations"],
        portfolio_window=settings.portfolio_window or length["portfolio_entries"],
        trade_window=settings.trade_window or length["trade_results"],
    )
