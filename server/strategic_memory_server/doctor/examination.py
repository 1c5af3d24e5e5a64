"""An examination: looks at Redis and the service once, and runs every check over what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.doctor.checks import CHECKS, FOUND_BY
from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity, worst_first
from strategic_memory_server.doctor.redis_seen import RedisSeen, look_at_redis
from strategic_memory_server.doctor.service_findings import findings_of
from strategic_memory_server.doctor.service_seen import NOBODY_ASKED, ServiceSeen, look_at_service
from strategic_memory_server.redis_access.redis_connection import failure_at, shown_url


@dataclass(frozen=True, slots=True)
class Examination:
    """What an examination has found.

    Attributes:
        findings: worst first.
        checks: how many checks were run: none without Redis.
        service: what the service says of itself.
    """

    findings: Sequence[Finding]
    checks: int
    service: ServiceSeen

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst finding; None without one."""
        return max((finding.severity for finding in self.findings), default=None)


async def examine(
    settings: ServiceSettings, portfolio: str = "", *, asks_service: bool = True, token: str | None = None
) -> Examination:
    """Look, and tell what is wrong. What cannot be reached is a finding.

    Args:
        settings: those of the service, with what the portfolio is told.
        portfolio: the one that is looked at; empty: the default one.
        asks_service: whether a service is asked too, where these settings say that it listens.
        token: see `look_at_service`.
    """
    asking = (
        asyncio.create_task(asyncio.to_thread(look_at_service, settings, portfolio, token)) if asks_service else None
    )
    try:
        redis: RedisSeen | Exception = await look_at_redis(settings)
    except (RedisError, OSError) as error:
        redis = error
    service = await asking if asking else NOBODY_ASKED
    told = list(findings_of(service))
    if isinstance(redis, Exception):
        return Examination(worst_first([_unreachable(settings, redis), *told]), 0, service)
    examined = Examined(settings, redis, service)
    found = [finding for check in CHECKS for finding in check(examined)]
    return Examination(worst_first([*found, *_not_found_yet(told, found)]), len(CHECKS), service)


def _unreachable(settings: ServiceSettings, error: Exception) -> Finding:
    url = settings.redis.url
    return Finding(
        "redis_unreachable", Severity.CRITICAL, failure_at(url, error), f"redis-cli -u {shown_url(url)} PING"
    )


def _not_found_yet(told: Iterable[Finding], found: Iterable[Finding]) -> Iterator[Finding]:
    """Leave out what the service tells and a check has found."""
    sentences, checks = {finding.sentence for finding in found}, {finding.check for finding in found}
    for finding in told:
        if finding.sentence not in sentences and FOUND_BY.get(finding.check, finding.check) not in checks:
            yield finding
