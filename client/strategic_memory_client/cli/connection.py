"""The flags that say which service to ask, and the client that they describe."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from strategic_memory_client.cli.contexts import CONTEXT_VARIABLE, ContextError, flags_in_use
from strategic_memory_client.cli.plain_numbers import Number
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.transports.channel_settings import shown_path
from strategic_memory_client.values.options import DEFAULT_ADDRESS, ClientOptions, TlsOptions

_LONGEST_CONNECT_S = 5.0


class _File(click.Path):
    """A file that is there."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Read it; fails with no word of what is no path for sure, and may be the key or the token itself."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            if shown_path(value) == str(value) or os.access(value, os.F_OK):
                raise
        raise click.BadParameter(f"there is not {shown_path(value)}.", ctx, param)


_FILE = _File(exists=True, dir_okay=False, path_type=Path)

_COMMAND_LINE, _ENVIRONMENT = click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

CONNECTION_FLAGS = (
    "address",
    "timeout",
    "tls",
    "tls_root_ca",
    "tls_certificate",
    "tls_key",
    "tls_server_name",
    "token_file",
    "portfolio",
)


def connection_options(default_timeout_s: float) -> list[Decorator]:
    """Return the flags of `open_client`, in the order in which help shows them."""
    return [
        click.option(
            "--address",
            "-a",
            envvar="STRATEGIC_MEMORY_GRPC_ADDRESS",
            show_envvar=True,
            multiple=True,
            default=(DEFAULT_ADDRESS,),
            show_default=DEFAULT_ADDRESS,
            metavar="HOST:PORT",
            help="Server to ask. Several, repeated or with commas, are tried in turn.",
        ),
        click.option(
            "--timeout",
            "-t",
            type=Number(min=0.001),
            default=default_timeout_s,
            show_default=True,
            metavar="SECONDS",
            help="Longest wait for an answer, or (watch) for a server.",
        ),
        click.option("--tls", is_flag=True, help="Encrypt the connection."),
        click.option(
            "--tls-root-ca",
            type=_FILE,
            help="PEM file with the authorities that vouch for the server; implies --tls.",
        ),
        click.option(
            "--tls-certificate",
            type=_FILE,
            help="PEM file with the certificate to show to the server; implies --tls.",
        ),
        click.option("--tls-key", type=_FILE, help="PEM file with the key of --tls-certificate."),
        click.option(
            "--tls-server-name",
            metavar="NAME",
            help="Name that the server's certificate must bear, if not the host of the address; implies --tls.",
        ),
        click.option(
            "--token-file",
            type=_FILE,
            envvar="STRATEGIC_MEMORY_TOKEN_FILE",
            show_envvar=True,
            help="File with the token to send, its only line; over --tls, or to this machine.",
        ),
        click.option(
            "--portfolio",
            "-p",
            metavar="NAME",
            envvar="STRATEGIC_MEMORY_PORTFOLIO",
            show_envvar=True,
            help="Portfolio to ask about; default: the one that every service has.",
        ),
    ]


context_option: Decorator = click.option(
    "--context",
    "context_name",
    metavar="NAME",
    envvar=CONTEXT_VARIABLE,
    show_envvar=True,
    help="Context to take in place of the flags below; default: the one that `context use` has named.",
)


def in_context(name: str | None, flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags, or those of a context with what the command line gives in their place.

    A context is taken whole: a token, as a certificate, goes to the addresses that it was named with, and to no other.
    So an address sets the context in use aside, and beside a context nothing of the environment counts, but for the
    portfolio, with which nobody proves anything: it counts unless a context that is named here names one.

    Raises:
        click.UsageError: there is no such context, one of its files is gone, or an address is given beside it.
    """
    current = click.get_current_context()
    given = {flag for flag in CONNECTION_FLAGS if current.get_parameter_source(flag) is _COMMAND_LINE}
    is_named = current.get_parameter_source("context_name") is _COMMAND_LINE
    if is_named and "address" in given:
        raise click.UsageError(
            "--address and --context exclude each other: what a context proves itself with goes to its own addresses"
        )
    if "address" in given or (not is_named and current.get_parameter_source("address") is _ENVIRONMENT):
        return flags
    try:
        kept = flags_in_use(name)
    except ContextError as error:
        raise click.BadParameter(str(error), param_hint="--context") from None
    if kept is None:
        return flags
    if unknown := sorted(kept.keys() - set(CONNECTION_FLAGS)):
        raise click.BadParameter(
            f"the context in use has {unknown[0]!r}, which this version does not know, and is taken whole: upgrade "
            "this command, or add the context again",
            param_hint="--context",
        )
    if current.get_parameter_source("portfolio") is _ENVIRONMENT and not (is_named and "portfolio" in kept):
        given.add("portfolio")
    options = {option.name: option for option in current.command.params}
    # None stands for what the environment has and the context has not: that is for another service.
    found = {
        flag: None if flag not in given and current.get_parameter_source(flag) is _ENVIRONMENT else value
        for flag, value in flags.items()
    }
    for flag, value in {"address": [DEFAULT_ADDRESS], **kept}.items():
        if flag in found and flag not in given:
            try:
                found[flag] = options[flag].type_cast_value(current, value)
            except click.BadParameter as error:
                raise click.BadParameter(f"the context in use: {error.message}", param_hint="--context") from None
    return found


def open_client(
    *,
    address: tuple[str, ...],
    timeout: float,
    tls: bool,
    tls_root_ca: Path | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
    tls_server_name: str | None,
    token_file: Path | None,
    portfolio: str | None,
) -> StrategicMemoryClient:
    """Return the client that the flags describe. Raises click.UsageError when they do not fit together."""
    given = (tls_root_ca, tls_certificate, tls_key, tls_server_name)
    addresses = [part.strip() for each in address for part in each.split(",") if part.strip()]
    try:
        options = ClientOptions(
            timeout_s=timeout,
            connect_timeout_s=min(_LONGEST_CONNECT_S, timeout),
            # An empty name, as of a variable that is not set, must not mean plain text.
            tls=TlsOptions(*given) if tls or any(each is not None for each in given) else None,
            token_file=token_file,
            portfolio=portfolio or "",
        )
        return StrategicMemoryClient(addresses, options=options)
    except (ValueError, OSError) as error:
        raise click.BadParameter(str(error)) from error
