"""The flags that say which service to ask, and the client that they describe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.options import DEFAULT_ADDRESS, ClientOptions, TlsOptions

_PANEL = "Connection"
_LONGEST_CONNECT_S = 5.0


def open_client(
    *,
    address: Annotated[
        list[str],
        typer.Option(
            "--address",
            "-a",
            envvar="STRATEGIC_MEMORY_GRPC_ADDRESS",
            metavar="HOST:PORT",
            help="Server to ask. Several, repeated or with commas, are tried in turn.",
            rich_help_panel=_PANEL,
        ),
    ] = [DEFAULT_ADDRESS],  # noqa: B006 - typer reads the default and never changes it
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            "-t",
            min=0.001,
            metavar="SECONDS",
            help="Longest wait for an answer, or (watch) for a server.",
            rich_help_panel=_PANEL,
        ),
    ] = 5.0,
    tls: Annotated[bool, typer.Option("--tls", help="Encrypt the connection.", rich_help_panel=_PANEL)] = False,
    tls_root_ca: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="PEM file with the authorities that vouch for the server; implies --tls.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    tls_certificate: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="PEM file with the certificate to show to the server; implies --tls.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="PEM file with the key of --tls-certificate.", rich_help_panel=_PANEL
        ),
    ] = None,
    tls_server_name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name that the server's certificate must bear, if not the host of the address; implies --tls.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
) -> StrategicMemoryClient:
    """Return the client that the flags describe. Raises typer.BadParameter when they do not fit together."""
    given = (tls_root_ca, tls_certificate, tls_key, tls_server_name)
    addresses = [part.strip() for each in address for part in each.split(",") if part.strip()]
    try:
        options = ClientOptions(
            timeout_s=timeout,
            connect_timeout_s=min(_LONGEST_CONNECT_S, timeout),
            tls=TlsOptions(*given) if tls or any(given) else None,
        )
        return StrategicMemoryClient(addresses, options=options)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error)) from error
