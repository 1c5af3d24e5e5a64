"""`strategic-memory-server probe`: whether the service beside it takes calls, by the same settings."""

from __future__ import annotations

import json
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPException

import click

from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.doctor.service_seen import ask, connection_to
from strategic_memory_server.monitoring.http_server import READY


@click.command()
@click.option(
    "--http-address",
    metavar="HOST:PORT",
    help="Where it listens for HTTP. [env: STRATEGIC_MEMORY_HTTP_ADDRESS; default: 127.0.0.1:8001]",
)
def probe(**overrides: object) -> None:
    """Ask the service on this machine whether it takes calls.

    For a health check that knows its TLS. It is asked over HTTP, by the settings that it was started with, for no
    certificate of a client is needed there.

    Exit codes: 0 it does, 1 it does not or cannot be reached, 2 wrong flag or setting, 130 interrupted.
    """
    try:
        settings = read_environment(overrides, listens=False).service_settings()
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    try:
        with closing(connection_to(settings)) as connection:
            answer = ask(connection, READY)
            said = answer.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        raise click.ClickException(
            f"{settings.http.address} does not answer: {error}. Start `strategic-memory-server serve`, or set "
            "STRATEGIC_MEMORY_HTTP_ADDRESS to where it listens"
        ) from None
    if answer.status != HTTPStatus.OK:
        raise click.ClickException(f"{settings.http.address} takes no calls: {answer.status} {said}")
    click.echo(json.dumps({"ready": True, "address": settings.http.address}))
