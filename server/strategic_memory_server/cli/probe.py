"""`strategic-memory-server probe`: whether the service beside it takes calls, by the same settings."""

from __future__ import annotations

import json
import ssl
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection

import click

from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.monitoring.http_server import READY

_LONGEST_S = 5.0
# What listens everywhere is asked on this machine; nothing is bound to it here.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104


@click.command()
@click.option(
    "--http-address",
    metavar="HOST:PORT",
    help="Where it listens for HTTP. [env: STRATEGIC_MEMORY_HTTP_ADDRESS; default: 127.0.0.1:8001]",
)
def probe(**overrides: object) -> None:
    """Ask the service on this machine whether it takes calls, for a health check that knows its TLS.

    It is asked over HTTP, by the settings that it was started with, for no certificate of a client is needed there.

    Exit codes: 0 it does, 1 it does not or cannot be reached, 2 wrong flag or setting.
    """
    try:
        settings = read_environment(overrides, listens=False).service_settings()
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    try:
        with closing(_connection(settings)) as connection:
            connection.request("GET", READY, headers={"Host": "localhost"})
            answer = connection.getresponse()
            said = answer.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        raise click.ClickException(f"{settings.http.address} does not answer: {error}") from None
    if answer.status != HTTPStatus.OK:
        raise click.ClickException(f"{settings.http.address} takes no calls: {answer.status} {said}")
    click.echo(json.dumps({"ready": True, "address": settings.http.address}))


def _connection(settings: ServiceSettings) -> HTTPConnection:
    host, _, port = settings.http.address.rpartition(":")
    address = f"{_EVERYWHERE.get(host, host)}:{port}"
    if settings.tls is None:
        return HTTPConnection(address, timeout=_LONGEST_S)
    # Its very certificate is trusted, and no other one; the name in it is that by which others reach it.
    context = ssl.create_default_context(cafile=settings.tls.certificate_file)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return HTTPSConnection(address, timeout=_LONGEST_S, context=context)
