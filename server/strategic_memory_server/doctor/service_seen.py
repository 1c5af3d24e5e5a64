"""What the service on this machine says of itself over HTTP, asked by the settings that it was started with."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

from strategic_memory_server.configuration.service_settings import ServiceSettings

HEALTH = "/health"

_LONGEST_S = 5.0
# More than that an answer of ours never has; another program may say things without an end.
_MOST_BYTES = 4 * 1024 * 1024
_MOST_SHOWN = 300
# What listens everywhere is asked on this machine; nothing is bound to it here.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """One answer of a service.

    Attributes:
        command: shows the answer.
        failure: why there is no answer; None: there is one.
        health: what `GET /health` says.
        ahead_s: how far its clock is ahead of the one here, to the second, at least; None: not known.
    """

    command: str
    failure: str | None = None
    health: Mapping[str, Any] = field(default_factory=dict)
    ahead_s: float | None = None

    @property
    def problems(self) -> list[str]:
        """The problems that it tells, as "name: sentence"."""
        return list(self.health.get("problems", []))


def look_at_service(settings: ServiceSettings, portfolio: str = "", token: str | None = None) -> ServiceSeen:
    """Ask for `/health` of a portfolio, the default one without a name; whatever goes wrong is told in the answer.

    Args:
        settings: those of the service.
        portfolio: which one; where callers are known, only a token for it is told of one with a name.
        token: that token; None: there is none. It is sent about a portfolio alone, and over plain text to this machine.
    """
    scheme = "http" if settings.tls is None else "https"
    path = f"{HEALTH}?portfolio={portfolio}" if portfolio else HEALTH
    command = f"curl -s '{scheme}://{settings.http.address}{path}'"
    token = token if portfolio else None
    if token is not None and settings.tls is None and not _is_here(_host(settings)):
        return ServiceSeen(command, f"a token is not sent to {settings.http.address} over plain text")
    try:
        with closing(connection_to(settings)) as connection:
            began_s = time.time()
            answer = ask(connection, path, token)
            ahead_s = surely_ahead_s(answer.headers.get("date"), began_s, time.time())
            said = answer.read(_MOST_BYTES)
        if portfolio and answer.status == HTTPStatus.NOT_FOUND:
            return ServiceSeen(command, f"it has no portfolio {portfolio}, or is another program")
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return ServiceSeen(
                command, f"it tells of a portfolio whoever may read it: give --token-file ({_text(said)})"
            )
        if answer.status not in {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}:
            return ServiceSeen(command, f"it answers {answer.status}: another program may listen there")
        health = json.loads(said)
        is_away = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        if portfolio and is_away and isinstance(health, dict) and "failure" in health:
            return ServiceSeen(command, f"it cannot tell of {portfolio} just now: {_text(said)}")
        if not _is_ours(health):
            return ServiceSeen(command, "what answers there is another program")
        return ServiceSeen(command, health=health, ahead_s=ahead_s)
    except (OSError, HTTPException, ValueError) as error:
        return ServiceSeen(command, f"{error}")


def _is_ours(health: object) -> bool:
    """Tell whether an answer has the form of ours."""
    match health:
        case {"metrics": {"strategic_memory": dict()}, **others}:
            problems = others.get("problems", [])
            return isinstance(problems, list) and all(isinstance(each, str) for each in problems)
        case _:
            return False


def _text(said: bytes) -> str:
    """Return the beginning of what was said, on one line."""
    return " ".join(said[:_MOST_SHOWN].decode(errors="replace").split())


def ask(connection: HTTPConnection, path: str, token: str | None = None) -> HTTPResponse:
    """Send one request that the service takes for one of its own, whatever its hosts."""
    shown = {} if token is None else {"Authorization": f"Bearer {token}"}
    connection.request("GET", path, headers={"Host": "localhost", **shown})
    return connection.getresponse()


def connection_to(settings: ServiceSettings) -> HTTPConnection:
    """Make a connection to where a service with these settings listens on this machine; nothing is connected yet.

    Raises:
        OSError: its certificate cannot be read.
    """
    address = f"{_host(settings)}:{settings.http.address.rpartition(':')[2]}"
    if settings.tls is None:
        return HTTPConnection(address, timeout=_LONGEST_S)
    # Its very certificate is trusted, and no other one; the name in it is that by which others reach it.
    context = ssl.create_default_context(cafile=settings.tls.certificate_file)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return HTTPSConnection(address, timeout=_LONGEST_S, context=context)


def _host(settings: ServiceSettings) -> str:
    host = settings.http.address.rpartition(":")[0]
    return _EVERYWHERE.get(host, host)


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine, whose own addresses alone can be bound."""
    try:
        for family, kind, protocol, _, place in socket.getaddrinfo(host.strip("[]"), 0, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.bind(place)
    except (OSError, UnicodeError):
        return False
    return True


def surely_ahead_s(said: str | None, began_s: float, ended_s: float) -> float | None:
    """Return how far a clock is ahead at least, to the second; None: not known.

    Args:
        said: the `Date` of an answer, RFC 9110; None: it has none.
        began_s: when it was asked for, by the clock here.
        ended_s: when it came.

    Raises:
        ValueError: that is no date.
    """
    if said is None or ended_s < began_s:
        return None
    # A date has whole seconds: it is half a second older than it says.
    ahead_s = parsedate_to_datetime(said).timestamp() + 0.5 - ended_s
    # It may have been said at any time since the question.
    return ahead_s if ahead_s > 0 else min(ahead_s + (ended_s - began_s), 0.0)


NOBODY_ASKED = ServiceSeen("")
"""Where no service was asked."""
