"""RedisSettings: where Redis is, and how to reach it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Where Redis is.

    Attributes:
        url: see `redis_location`; may hold a password, so it is never logged or shown as it is.
        key_prefix: what every key starts with, without the colon.
        connect_timeout_s: longest wait for a connection, seconds.
        command_timeout_s: longest wait for an answer, seconds.
        password_file: file with the password, in place of one in the URL.
        ca_file: PEM file of the certificates that are trusted, in place of those that the machine trusts.
        certificate_file: PEM file of the client's certificate.
        key_file: PEM file of its key; None when the certificate's file holds it.
        sentinel_username: user that the sentinels know.
        sentinel_password: its password.
        sentinel_password_file: file with its password.
        is_in_memory: whether it was chosen that this Redis keeps nothing on disk.
        history_file: where it is kept what was said, for a Redis that belongs to the service; None: nowhere.
    """

    url: str = field(default="redis://redis:6379/0", repr=False)
    key_prefix: str = "quantum"
    connect_timeout_s: float = 2.0
    command_timeout_s: float = 3.0
    password_file: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)
    sentinel_password_file: str | None = None
    is_in_memory: bool = False
    history_file: Path | None = None
