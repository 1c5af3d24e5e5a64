"""The flag that names one of many portfolios, for the commands that take the settings of the service."""

from __future__ import annotations

from collections.abc import Mapping

import click

from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.configuration.one_portfolio import settings_of_portfolio
from strategic_memory_server.configuration.service_settings import ServiceSettings

portfolio_option = click.option(
    "--portfolio",
    metavar="NAME",
    default="",
    help="Which one of many portfolios it is about, in place of the default one.",
)


def settings_asked(overrides: Mapping[str, object], portfolio: str) -> ServiceSettings:
    """Return the settings of the service, with what a portfolio is told where one is named.

    Raises:
        click.UsageError: one of them is wrong.
    """
    try:
        settings = read_environment(overrides, listens=False).service_settings()
        return settings_of_portfolio(settings, portfolio) if portfolio else settings
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
