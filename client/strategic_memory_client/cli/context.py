"""`strategic-memory context`: named services, so that their flags need not be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.connection import CONNECTION_FLAGS, connection_options, open_client
from strategic_memory_client.cli.contexts import ContextError, Contexts, read_contexts, write_contexts
from strategic_memory_client.cli.json_lines import json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.cli.text import plain

_DEFAULT_TIMEOUT_S = 5.0


@click.group()
def context() -> None:
    """Name services, so that their flags need not be repeated.

    Those are the address, TLS, the token file and the portfolio. A context is taken whole: its token goes to its own
    addresses alone. Other flags of the command line count beside it, those of the environment do not; an address, given
    or in the environment, sets the context in use aside. Contexts are in ~/.config/strategic-memory/contexts.json, or
    in the file that STRATEGIC_MEMORY_CONTEXTS names; a token is not.
    """


def _with_connection(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(connection_options(_DEFAULT_TIMEOUT_S)):
        command = option(command)
    return command


def _or_refused(change: Callable[[Contexts], Contexts]) -> None:
    try:
        write_contexts(change(read_contexts()))
    except ContextError as error:
        raise click.ClickException(str(error)) from None


@context.command("add")
@click.argument("name")
@_with_connection
@click.pass_context
def add(ctx: click.Context, /, name: str, **flags: object) -> None:
    """Keep the connection flags that are given here as NAME.

    What NAME was before is replaced. The first context is used at once.
    """
    if not name:
        raise click.BadParameter("is empty: give the context a name", param_hint="NAME")
    checked: dict[str, Any] = flags
    open_client(**checked).close()
    given = {flag: _plain(flags[flag]) for flag in CONNECTION_FLAGS if _is_given(ctx, flag)}

    def added(contexts: Contexts) -> Contexts:
        return replace(contexts, used=contexts.used or name, flags={**contexts.flags, name: given})

    _or_refused(added)


@context.command("use")
@click.argument("name", required=False)
@click.option("--none", is_flag=True, help="Use none.")
def use(name: str | None, *, none: bool) -> None:
    """Use the context NAME from now on."""
    if none is (name is not None):
        raise click.UsageError("give the NAME of a context, or --none")

    def used(contexts: Contexts) -> Contexts:
        if name is not None:
            contexts.named(name)
        return replace(contexts, used=name or "")

    _or_refused(used)


@context.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Forget the context NAME."""

    def removed(contexts: Contexts) -> Contexts:
        contexts.named(name)
        left = {each: flags for each, flags in contexts.flags.items() if each != name}
        return replace(contexts, used="" if contexts.used == name else contexts.used, flags=left)

    _or_refused(removed)


@context.command("list")
@json_option
def list_contexts(*, as_json: bool) -> None:
    """Show the contexts, and which one is used."""
    try:
        contexts = read_contexts()
    except ContextError as error:
        raise click.ClickException(str(error)) from None
    if writes_json(as_json):
        for name, flags in sorted(contexts.flags.items()):
            write_line(json_line({"name": name, "used": name == contexts.used, **flags}))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("", "context", "flags"):
        table.add_column(heading)
    for name, flags in sorted(contexts.flags.items()):
        said = ", ".join(f"{flag.replace('_', '-')} {_shown(value)}" for flag, value in flags.items())
        table.add_row("*" if name == contexts.used else "", Text(plain(name)), Text(plain(said)))
    Console().print(table if contexts.flags else "There are none: strategic-memory context add NAME --address …")


def _is_given(ctx: click.Context, flag: str) -> bool:
    return ctx.get_parameter_source(flag) is not click.core.ParameterSource.DEFAULT


def _plain(value: object) -> object:
    """Return a flag as JSON has it; a file by its whole path, for it is used from other folders."""
    if isinstance(value, Path):
        return str(value.resolve())
    return list(value) if isinstance(value, tuple) else value


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
