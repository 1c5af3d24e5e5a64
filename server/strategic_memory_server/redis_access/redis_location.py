"""RedisLocation: what `REDIS_URL` says. One server, the master that sentinels name, or the node that owns a slot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from strategic_memory_server.redis_access.tls_options import VERIFY_MODES, TlsOptions

Address = tuple[str, int]
"""Host and port."""

REDIS_PORT = 6379
SENTINEL_PORT = 26379

URL_FORMS = (
    "give redis://[user:password@]host:port/db, rediss://…, unix:///path/to/socket, "
    "redis+sentinel://host:port,host:port/service[/db] or redis+cluster://host:port,host:port"
)

OPTIONS = frozenset(
    {"db", "username", "password", "client_name", "ssl_cert_reqs", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile"}
    | {"ssl_keyfile", "ssl_password", "ssl_check_hostname"}
)
"""Options that may follow `?`."""

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s:\[\]]*)(:(?P<port>\d{1,5}))?", re.ASCII)
_DATABASE = re.compile(r"\d{1,6}", re.ASCII)
_SERVICE = re.compile(r"[\w.-]+", re.ASCII)


class Deployment(Enum):
    """How Redis is run."""

    SINGLE = ""
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


class RedisUrlError(ValueError):
    """A URL cannot be used; the text says what to give and holds no part of the URL, which may hold a password."""


@dataclass(frozen=True, slots=True)
class RedisLocation:
    """Where Redis is and who asks.

    Attributes:
        deployment: how Redis is run.
        addresses: the server, the sentinels, or the nodes to begin with; none for a socket.
        socket: path of a unix socket.
        service_name: what the sentinels call the master.
        database: number of the database.
        username: user; None for the default one.
        password: password; None for none.
        client_name: name of the connections in CLIENT LIST.
        tls: how TLS is done; None for plain text.
    """

    deployment: Deployment
    addresses: tuple[Address, ...]
    socket: str | None = None
    service_name: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_name: str | None = None
    tls: TlsOptions | None = None


def read_location(url: str) -> RedisLocation:
    """Return what a URL says: which servers, how they are run, and who asks.

    Raises:
        RedisUrlError: it cannot be used.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise RedisUrlError(URL_FORMS) from None
    base, _, suffix = parts.scheme.partition("+")
    if base not in ("redis", "rediss", "unix") or suffix not in ("", "sentinel", "cluster") or "+" in url[:5]:
        raise RedisUrlError(URL_FORMS)
    if base == "unix" and (suffix or not parts.path):
        raise RedisUrlError(URL_FORMS)
    deployment = Deployment(suffix)
    addresses = () if base == "unix" else _addresses(parts, deployment)
    service_name, database = _path(parts, deployment)
    options = _options(parts, tls=base == "rediss")
    userinfo = parts.netloc.rpartition("@")[0]
    user, _, password = userinfo.partition(":")
    if "db" in options and not _DATABASE.fullmatch(options["db"]):
        raise RedisUrlError("the option db is not a database number")
    return RedisLocation(
        deployment,
        addresses,
        socket=unquote(parts.path) if base == "unix" else None,
        service_name=service_name,
        database=int(_sole(database, "db", options) or 0),
        username=_sole(unquote(user), "username", options),
        password=_sole(unquote(password), "password", options),
        client_name=options.get("client_name"),
        tls=_tls(options) if base == "rediss" else None,
    )


def shown_location(url: str) -> str:
    """Return a URL without user, password and query, for logs and messages."""
    location = read_location(url)
    if location.socket is not None:
        return f"unix://{location.socket}"
    parts = urlsplit(url)
    hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in location.addresses)
    return f"{parts.scheme}://{hosts}{parts.path}"


def _addresses(parts: SplitResult, deployment: Deployment) -> tuple[Address, ...]:
    given = parts.netloc.rpartition("@")[2].split(",")
    if deployment is Deployment.SINGLE and len(given) > 1:
        raise RedisUrlError("several hosts need redis+sentinel:// or redis+cluster:// (rediss+… with TLS)")
    default_port = SENTINEL_PORT if deployment is Deployment.SENTINEL else REDIS_PORT
    addresses = []
    for text in given:
        matched = _HOST.fullmatch(text)
        if not matched or (deployment is not Deployment.SINGLE and not matched["host"]):
            raise RedisUrlError(URL_FORMS)
        port = int(matched["port"] or default_port)
        if not 0 < port <= 65_535:
            raise RedisUrlError(f"a port is a number from 1 to 65535; {URL_FORMS}")
        addresses.append((unquote(matched["host"]).strip("[]") or "localhost", port))
    return tuple(addresses)


def _path(parts: SplitResult, deployment: Deployment) -> tuple[str, str]:
    """Return the name of the service, which only sentinels know, and the number of the database; empty: not there."""
    if parts.scheme == "unix" and not parts.fragment:
        return "", ""
    words = parts.path.split("/")[1:]
    service_name = ""
    if deployment is Deployment.SENTINEL:
        service_name = words.pop(0) if words else ""
        if not _SERVICE.fullmatch(service_name):
            raise RedisUrlError(
                "sentinels are asked for a master by its name, of letters, digits, . - and _: "
                "redis+sentinel://host:port,host:port/service[/db]"
            )
    database = words.pop(0) if words else ""
    # A password with a sign in it that should have been quoted ends up in one of these parts, so none is shown.
    if words or parts.fragment or (database and not _DATABASE.fullmatch(database)):
        raise RedisUrlError(
            "what follows host:port/ is not a database number; in a password, write / as %2F and # as %23"
        )
    return service_name, database


def _options(parts: SplitResult, *, tls: bool) -> dict[str, str]:
    given = parse_qs(parts.query, keep_blank_values=True)
    if not set(given) <= OPTIONS:
        known = ", ".join(sorted(OPTIONS))
        raise RedisUrlError(f"what follows ? has an option that is not known; known are {known}")
    if not tls and any(name.startswith("ssl_") for name in given):
        raise RedisUrlError("options that start with ssl_ need rediss://")
    if twice := [name for name, values in given.items() if len(set(values)) > 1]:
        raise RedisUrlError(f"the option {twice[0]} is there twice and differs; leave one of them out")
    return {name: values[0] for name, values in given.items() if values[0]}


def _sole(before: str, option: str, options: dict[str, str]) -> str | None:
    """Return what stands before the ? or as an option; None: nowhere. Of two that differ none decides."""
    given = options.get(option)
    if before and given and before != given:
        raise RedisUrlError(f"the option {option} and what stands before the ? for it differ; leave one of them out")
    return before or given


def _tls(options: dict[str, str]) -> TlsOptions:
    verify = options.get("ssl_cert_reqs", "required")
    check_hostname = _BOOLEANS.get(options.get("ssl_check_hostname", "true").lower())
    if verify not in VERIFY_MODES:
        raise RedisUrlError(f"the option ssl_cert_reqs is one of {', '.join(VERIFY_MODES)}")
    if check_hostname is None:
        raise RedisUrlError("the option ssl_check_hostname is true or false")
    return TlsOptions(
        ca_file=options.get("ssl_ca_certs"),
        ca_folder=options.get("ssl_ca_path"),
        certificate_file=options.get("ssl_certfile"),
        key_file=options.get("ssl_keyfile"),
        key_password=options.get("ssl_password"),
        verify=verify,
        check_hostname=check_hostname,
    )
