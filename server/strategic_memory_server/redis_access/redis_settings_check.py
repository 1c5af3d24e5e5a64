"""What is wrong with the settings of Redis taken together; each line names the variable and says what to do."""

from __future__ import annotations

import re

from strategic_memory_server.redis_access.password_file import PasswordFileError, read_password
from strategic_memory_server.redis_access.redis_connection import tls_options
from strategic_memory_server.redis_access.redis_location import Deployment, RedisLocation, read_location
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.redis_access.tls_options import tls_problems

_VARIABLES = {
    what: f"STRATEGIC_MEMORY_REDIS_{what.upper()}"
    for what in ("password_file", "sentinel_username", "sentinel_password", "sentinel_password_file")
}

TLS_FILES = {
    "ca_file": ("STRATEGIC_MEMORY_REDIS_CA", "ssl_ca_certs"),
    "certificate_file": ("STRATEGIC_MEMORY_REDIS_CERT", "ssl_certfile"),
    "key_file": ("STRATEGIC_MEMORY_REDIS_KEY", "ssl_keyfile"),
}
"""By setting: its variable, and the option of REDIS_URL that says the same."""

_HASH_TAG = re.compile(r"[^{]*\{[^}]+\}")


def redis_problems(settings: RedisSettings) -> list[str]:
    """Say what is wrong, one line each; nothing when the service can start. Reads the files.

    Raises:
        RedisUrlError: the URL itself cannot be used.
    """
    location = read_location(settings.url)
    return [
        *_password_problems(settings, location),
        *_sentinel_problems(settings, location),
        *_tls_problems(settings, location),
        *_prefix_problems(settings, location),
    ]


def _password_problems(settings: RedisSettings, location: RedisLocation) -> list[str]:
    if settings.password_file is None:
        return []
    if location.password is not None:
        return [f"{_VARIABLES['password_file']}: REDIS_URL has a password too; leave one of them out"]
    return _file_problems("password_file", settings.password_file)


def _sentinel_problems(settings: RedisSettings, location: RedisLocation) -> list[str]:
    given = [what for what in _VARIABLES if what.startswith("sentinel_") and getattr(settings, what) is not None]
    if location.deployment is not Deployment.SENTINEL:
        why = (
            "is for sentinels, and REDIS_URL names none; leave it out, or give redis+sentinel:// or rediss+sentinel://"
        )
        return [f"{_VARIABLES[what]}: {why}" for what in given]
    if given == ["sentinel_username"]:
        wanted = f"{_VARIABLES['sentinel_password_file']} or {_VARIABLES['sentinel_password']}"
        return [f"{_VARIABLES['sentinel_username']}: a user needs a password; set {wanted} too"]
    if settings.sentinel_password_file is None:
        return []
    if settings.sentinel_password is not None:
        other = _VARIABLES["sentinel_password"]
        return [f"{_VARIABLES['sentinel_password_file']}: {other} is set too; leave one of them out"]
    return _file_problems("sentinel_password_file", settings.sentinel_password_file)


def _file_problems(what: str, path: str) -> list[str]:
    try:
        read_password(path)
    except PasswordFileError as error:
        return [f"{_VARIABLES[what]}: {error}"]
    return []


def _tls_problems(settings: RedisSettings, location: RedisLocation) -> list[str]:
    set_beside = [what for what in TLS_FILES if getattr(settings, what) is not None]
    if location.tls is None:
        why = "needs TLS; let REDIS_URL begin with rediss://, rediss+sentinel:// or rediss+cluster://"
        return [f"{TLS_FILES[what][0]}: {why}" for what in set_beside]
    if twice := [what for what in set_beside if getattr(location.tls, what) is not None]:
        return [
            f"{TLS_FILES[what][0]}: REDIS_URL has the option {TLS_FILES[what][1]} too; leave one out" for what in twice
        ]
    names = {
        what: f"REDIS_URL, option {option}" if getattr(location.tls, what) is not None else variable
        for what, (variable, option) in TLS_FILES.items()
    }
    options = tls_options(settings, location)
    return [] if options is None else tls_problems(options, names)


def lacks_hash_tag(prefix: str, location: RedisLocation) -> bool:
    """Tell whether Redis is a cluster that would keep the keys under a prefix on several nodes."""
    return location.deployment is Deployment.CLUSTER and not _HASH_TAG.match(prefix)


def _prefix_problems(settings: RedisSettings, location: RedisLocation) -> list[str]:
    prefix = settings.key_prefix
    if not lacks_hash_tag(prefix, location):
        return []
    wanted = re.sub(r"[{}]", "", prefix) or "quantum"
    problem = (
        "STRATEGIC_MEMORY_KEY_PREFIX: a cluster must keep all keys on one node, which a hash tag does; "
        f"set it to {{{wanted}}}, braces included, and let the producers write to {{{wanted}}}:…"
    )
    return [problem]
