"""`strategic-memory admin`: the hand of an operator on the advice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from strategic_memory_client.cli.admin_table import print_admin_state
from strategic_memory_client.cli.client_command import client_command, complain
from strategic_memory_client.cli.exit_codes import EXIT_CODES_HELP, ExitCode
from strategic_memory_client.cli.json_lines import json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.plain_numbers import Number, Whole
from strategic_memory_client.cli.standard_output import write_answer
from strategic_memory_client.cli.times import parse_length, parse_moment
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.values.admin import AdminState, InterventionPart
from strategic_memory_client.values.policy import Policy

WAIT_S = 10.0
"""The service waits some 5 s until what it was told is in force."""

reason_option = click.option("--reason", required=True, metavar="TEXT", help="Why: whoever reads the advice is told.")
replace_option = click.option(
    "--replace", type=Whole(min=1), metavar="NUMBER", help="Number of what holds, to be replaced by this."
)
_Command = Callable[..., Any]


def _end_options(command: _Command) -> _Command:
    length = click.option("--for", "length", metavar="TIME", help="How long: 30s, 90m, 2h, at most 24h.")
    moment = click.option("--until", metavar="TIME", help="Until when, instead of --for: 2026-01-05T09:30:00Z.")
    return length(moment(command))


@click.group(epilog=EXIT_CODES_HELP)
def admin() -> None:
    """Override the advice, hold it, and see who does.

    Every reader of the advice is told at once: in each message, page and log, and in the key in Redis.
    """


@client_command(
    "strategic-memory admin set --policy CONSERVATIVE --for 2h --reason 'exchange degraded'",
    "strategic-memory admin set --leverage 0.5 --until 2026-01-05T21:00:00Z --reason 'FOMC'",
    "strategic-memory admin set --leverage 1.5 --force --for 30m --reason 'hedged elsewhere'",
    default_timeout_s=WAIT_S,
)
@click.option(
    "--policy",
    type=click.Choice([policy.value for policy in Policy], case_sensitive=False),
    help="The boldest policy that is allowed.",
)
@click.option("--leverage", type=Number(0.0, 2.0), help="The highest leverage that is allowed.")
@click.option("--force", is_flag=True, help="Set them, also above what the rules say; never above a cap on leverage.")
@_end_options
@reason_option
@replace_option
@json_option
def set_override(
    client: StrategicMemoryClient,
    *,
    policy: str | None,
    leverage: float | None,
    force: bool,
    length: str | None,
    until: str | None,
    reason: str,
    replace: int | None,
    as_json: bool,
) -> ExitCode:
    """Allow no more risk than this, until an end; with --force set it.

    Without --force it only ever lowers: whatever the rules come to say, they are followed where they risk less.
    """
    if policy is None and leverage is None:
        raise click.UsageError("give --policy, --leverage or both")
    state = client.admin.set_override(
        policy=None if policy is None else Policy(policy.upper()),
        leverage=leverage,
        force=force,
        end=_end(length, until),
        reason=reason,
        replaces=replace,
    )
    return _show(state, as_json=as_json)


@client_command(
    "strategic-memory admin clear --replace 7 --reason 'exchange is back'",
    default_timeout_s=WAIT_S,
)
@click.option(
    "--part",
    type=click.Choice([part.value for part in InterventionPart], case_sensitive=False),
    help="What to lift; everything unless it is given.",
)
@reason_option
@replace_option
@json_option
def clear(
    client: StrategicMemoryClient, *, part: str | None, reason: str, replace: int | None, as_json: bool
) -> ExitCode:
    """Lift what was set before its end."""
    what = None if part is None else InterventionPart(part.upper())
    return _show(client.admin.clear_override(part=what, reason=reason, replaces=replace), as_json=as_json)


@client_command(
    "strategic-memory admin freeze --for 30m --reason 'producer is being replaced'",
    default_timeout_s=WAIT_S,
)
@_end_options
@reason_option
@replace_option
@json_option
def freeze(
    client: StrategicMemoryClient,
    *,
    length: str | None,
    until: str | None,
    reason: str,
    replace: int | None,
    as_json: bool,
) -> ExitCode:
    """Hold the advice in force until an end, whatever the inputs say.

    It is held also where the inputs would say to risk less. Caps on leverage and overrides bind it.
    """
    return _show(client.admin.freeze(end=_end(length, until), reason=reason, replaces=replace), as_json=as_json)


@client_command("strategic-memory admin state", default_timeout_s=WAIT_S)
@json_option
def state(client: StrategicMemoryClient, *, as_json: bool) -> ExitCode:
    """Show what operators have said, and whether it is in force."""
    return _show(client.admin.get_state(), as_json=as_json)


def _end(length: str | None, until: str | None) -> datetime | timedelta:
    if (length is None) == (until is None):
        raise click.UsageError("give one of --for and --until: everything has an end")
    try:
        return parse_length(length) if length is not None else parse_moment(str(until))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _show(state: AdminState, *, as_json: bool) -> ExitCode:
    if writes_json(as_json):
        write_answer(json_line(state))
    else:
        print_admin_state(state)
    if state.is_in_force:
        return ExitCode.OK
    complain(state.pending)
    return ExitCode.NOT_ACTIVE


for name, command in (("set", set_override), ("clear", clear), ("freeze", freeze), ("state", state)):
    admin.add_command(command, name)
