"""Examined: what the checks look at. They are pure: everything was asked before."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.doctor.redis_seen import RedisSeen
from strategic_memory_server.doctor.service_seen import ServiceSeen
from strategic_memory_server.entries.input_keys import STREAM_SOURCES, key_of
from strategic_memory_server.redis_access.redis_connection import shown_url
from strategic_memory_server.redis_access.redis_location import Deployment, read_location


@dataclass(frozen=True, slots=True)
class Examined:
    """All that the checks of one examination look at.

    Attributes:
        settings: those of the service.
        redis: what Redis holds and says.
        service: what the service on this machine says.
    """

    settings: ServiceSettings
    redis: RedisSeen
    service: ServiceSeen

    def key(self, source: str) -> str:
        """Return the Redis key of an input."""
        return key_of(self.settings.redis.key_prefix, source)

    def redis_cli(self, *words: str) -> str:
        """Return a command of redis-cli; a password is asked for, and never shown."""
        location, url = read_location(self.settings.redis.url), self.settings.redis.url
        if location.deployment is not Deployment.SINGLE or location.socket is not None:
            return shlex.join(["redis-cli", *words])
        has_password = location.password is not None or self.settings.redis.password_file is not None
        user = ["--user", location.username] if location.username else []
        askpass = ["--askpass"] if has_password else []
        return shlex.join(["redis-cli", "-u", shown_url(url), *user, *askpass, *words])

    def newest(self, source: str) -> str:
        """Return the command that shows the newest entries of an input stream."""
        return self.redis_cli("XREVRANGE", self.key(source), "+", "-", "COUNT", "3")

    def newest_of(self, sentence: str) -> str:
        """Return the command that shows the newest entries of the first input stream that a sentence names."""
        return self.newest(next((source for source in STREAM_SOURCES if source in sentence), STREAM_SOURCES[0]))
