"""`strategic-memory analyze`: what the memory says, or would say under other assumptions."""

from __future__ import annotations

from typing import Annotated

import typer

from strategic_memory_client.analysis import AnalysisSettings, InlineMemory, PolicyRule
from strategic_memory_client.cli.analysis_table import print_analysis
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.json_lines import feedback_json, json_line
from strategic_memory_client.cli.memory_file import read_memory
from strategic_memory_client.cli.output_format import AsJson, writes_json
from strategic_memory_client.cli.policy_rules import SYNTAX, parse_policy_rule
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.client import StrategicMemoryClient

_WINDOW_HELP = "Newest {} to use instead of as many as the service is set to."


def analyze(
    client: StrategicMemoryClient,
    *,
    regime_window: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=_WINDOW_HELP.format("regime observations"))
    ] = None,
    portfolio_window: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=_WINDOW_HELP.format("portfolio entries"))
    ] = None,
    trade_window: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=_WINDOW_HELP.format("trade results"))
    ] = None,
    minimum_samples: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Entries needed before there is a feedback.")
    ] = None,
    minimum_policy_trades: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Trades a policy needs before it can be the best one.")
    ] = None,
    policy_rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help=f"Rule of the policy table, {SYNTAX}; repeat it, first match first. '*' is any regime.",
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Analyse the observations in this JSON file instead; '-' is stdin."),
    ] = None,
    json: AsJson = False,
) -> ExitCode:
    """Show what the memory says, or would say under other assumptions. Nothing is published.

    FILE holds one JSON object of columns, oldest first, as the InlineMemory message has them: regime_observations
    (regime, pnl, volatility, trend, confidence, time_ms), portfolio_entries (regime, pnl, time_ms), trade_results
    (market_regime, realized_pnl, policy, strategy, time_ms) and max_leverage_hint. All may be left out; null in a
    column is a value that is not known.
    """
    settings = AnalysisSettings(
        regime_window=regime_window,
        portfolio_window=portfolio_window,
        trade_window=trade_window,
        minimum_samples=minimum_samples,
        minimum_policy_trades=minimum_policy_trades,
        policy_rules=tuple(_rule(text) for text in policy_rule or ()),
    )
    result = client.analyze(None if file is None else _memory(file), settings=settings)
    if writes_json(json):
        write_line(json_line({"analysis": result.analysis, "feedback": feedback_json(result.feedback)}))
    else:
        print_analysis(result)
    return ExitCode.OK


def _rule(text: str) -> PolicyRule:
    try:
        return parse_policy_rule(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--policy-rule") from error


def _memory(path: str) -> InlineMemory:
    try:
        return read_memory(path)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="--file") from error
