"""The portfolio that a service has without being told of any."""

from __future__ import annotations

from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.configuration.service_settings import ServiceSettings


def of_service(settings: ServiceSettings) -> PortfolioSettings:
    """Return what the default portfolio of a service is told."""
    redis = settings.redis
    return PortfolioSettings(redis.key_prefix, settings.sync, settings.log, settings.shadow, redis.history_file)
