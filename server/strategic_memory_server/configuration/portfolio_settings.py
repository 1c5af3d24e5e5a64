"""PortfolioSettings: what one portfolio is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.revisions.log_settings import LogSettings
from strategic_memory_server.sync.sync_settings import SyncSettings


@dataclass(frozen=True, slots=True)
class PortfolioSettings:
    """A memory under a key prefix, with the advice that is drawn from it.

    Attributes:
        key_prefix: what every key starts with, without the colon.
        sync: when and upon what to advise.
        log: how much of what was said is kept.
        shadow: upon what the shadow advises; None: there is none.
        history_file: see `RedisSettings`.
    """

    key_prefix: str
    sync: SyncSettings
    log: LogSettings
    shadow: AdviceSettings | None = None
    history_file: Path | None = None


def of_service(settings: ServiceSettings) -> PortfolioSettings:
    """Return what the portfolio of a service is told that has one."""
    redis = settings.redis
    return PortfolioSettings(redis.key_prefix, settings.sync, settings.log, settings.shadow, redis.history_file)
