"""The settings of a service that had one of its portfolios alone, to look at that one."""

from __future__ import annotations

from dataclasses import replace

from strategic_memory_server.configuration.environment import SettingsError
from strategic_memory_server.configuration.portfolio_file import read_portfolio_file
from strategic_memory_server.configuration.portfolio_settings import NOTHING_ELSE, PortfoliosSettings, Section
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.files.followed_files import UnusableFilesError
from strategic_memory_server.memory.portfolio_name import NAME, WANTED


def settings_of_portfolio(settings: ServiceSettings, name: str) -> ServiceSettings:
    """Return them. Of a set in Redis every name is taken.

    Raises:
        SettingsError: there is no portfolio of that name, or it cannot be told what the file says.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(f"--portfolio {name!r} is no name of a portfolio; give {WANTED}")
    if settings.portfolios is None:
        raise SettingsError(
            "--portfolio: these settings name no portfolios; give STRATEGIC_MEMORY_PORTFOLIOS and the like"
        )
    try:
        told = settings.portfolios.settings_of(name, _section(settings.portfolios, name))
    except (UnusableFilesError, ValueError) as error:
        raise SettingsError(f"--portfolio {name}: {error}") from None
    redis = replace(settings.redis, key_prefix=told.key_prefix, history_file=told.history_file)
    return replace(settings, redis=redis, sync=told.sync, log=told.log, shadow=told.shadow)


def _section(portfolios: PortfoliosSettings, name: str) -> Section:
    if portfolios.redis_set is not None:
        return NOTHING_ELSE
    sections = dict.fromkeys(portfolios.names, NOTHING_ELSE)
    if portfolios.file is not None:
        sections = dict(read_portfolio_file(portfolios.file))
    if name not in sections:
        raise ValueError(f"there is none of that name; there are {', '.join(sorted(sections)) or 'none'}")
    return sections[name]
