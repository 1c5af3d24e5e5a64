"""The variables of portfolios: which there are, under which keys, and what each is told otherwise than the service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import NoDecode

from strategic_memory_server.configuration.environment_values import (
    read_key_prefix,
    read_portfolios,
    read_redis_key,
    shard_value,
    what_is_wrong,
)
from strategic_memory_server.configuration.portfolio_file import PortfolioFileError, read_portfolio_file
from strategic_memory_server.configuration.portfolio_settings import (
    NOTHING_ELSE,
    PortfolioSettings,
    PortfoliosSettings,
    Section,
)
from strategic_memory_server.configuration.redis_environment import RedisEnvironment
from strategic_memory_server.configuration.service_portfolio import of_service
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.configuration.shadow_environment import ShadowEnvironment
from strategic_memory_server.memory.shard import Shard
from strategic_memory_server.redis_access.redis_location import read_location
from strategic_memory_server.redis_access.redis_settings_check import lacks_hash_tag

PLACE = "{portfolio}"

_SOURCES = ("portfolios", "portfolio_file", "portfolio_set")

OF_PORTFOLIO = frozenset(
    {
        *ShadowEnvironment.model_fields,
        *("key_prefix", "interval", "validity", "lease", "sync_mode", "sync_debounce", "sync_floor"),
        *("regime_window", "portfolio_window", "trade_window", "minimum_samples", "minimum_policy_trades"),
        *(
            "rules",
            "evidence_change",
            "evidence_group",
            "leverage_guard",
            "evidence_decay",
            "evidence_required_probability",
            "evidence_minimum_trades",
        ),
        *("evidence_risk_aversion", "evidence_exploration", "evidence_exploration_width", "evidence_exploration_hold"),
        *("hysteresis_results", "hysteresis_seconds", "max_regimes", "trade_id_horizon", "retained_revisions"),
    }
)
"""What a portfolio can be told for itself, by the names of the fields of the environment."""


class PortfoliosEnvironment(RedisEnvironment):
    """Which portfolios there are beside the default one."""

    portfolios: Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_portfolios)] = ()
    portfolio_file: Path | None = None
    portfolio_set: Annotated[str, AfterValidator(read_redis_key)] | None = None
    portfolio_prefix: str | None = None
    shard: Annotated[Shard | None, NoDecode, BeforeValidator(shard_value)] = None
    portfolio_metrics: Annotated[int, Field(ge=0, le=10_000)] = 100

    def service_settings(self) -> ServiceSettings:
        """The settings of the service."""
        raise NotImplementedError

    def portfolios_settings(self, service: ServiceSettings) -> PortfoliosSettings | None:
        """Return where it is said which there are, and what each is told; None: there are none but the default one.

        Args:
            service: what the service is told, and so each portfolio that is told nothing else.
        """
        if not any(getattr(self, name) for name in _SOURCES):
            return None
        settings_of = self._settings_of(service)
        return PortfoliosSettings(
            settings_of, self.portfolios, self.portfolio_file, self.portfolio_set, self.portfolio_metrics
        )

    def _settings_of(self, service: ServiceSettings) -> Callable[[str, Section], PortfolioSettings]:
        default, location = of_service(service), read_location(service.redis.url)

        def settings_of(name: str, section: Section) -> PortfolioSettings:
            settings = self._otherwise(name, section) if section else default
            prefix = self.prefix_of(name, section)
            if lacks_hash_tag(prefix, location):
                raise ValueError(
                    f"portfolio {name} has the key prefix {prefix}, and a cluster must keep its keys on one node, "
                    "which a hash tag does: set STRATEGIC_MEMORY_PORTFOLIO_PREFIX to "
                    f"{_tagged(self._template)}, with its braces, or give it a key_prefix of that kind"
                )
            return replace(settings, key_prefix=prefix)

        return settings_of

    def prefix_of(self, name: str, section: Section) -> str:
        """Return what the keys of a portfolio start with. Raises ValueError."""
        if given := section.get("key_prefix"):
            return read_key_prefix(str(given))
        return self._template.replace(PLACE, name)

    def portfolios_problems(self, service: ServiceSettings) -> Iterator[str]:
        """Say what is wrong with the variables, one line each. Reads the file."""
        given = [name for name in _SOURCES if getattr(self, name)]
        if len(given) > 1:
            yield f"{' and '.join(map(_variable, given))} each say which portfolios there are: give one of them"
        if not (given or self.portfolio_prefix):
            # The prefix of the default one alone may be as long as it likes.
            return
        if PLACE not in self._template:
            yield f"STRATEGIC_MEMORY_PORTFOLIO_PREFIX: has no {PLACE}; give for example quantum:{PLACE}"
            return
        try:
            read_key_prefix(self._template.replace(PLACE, "x" * 64))
        except ValueError as error:
            yield f"STRATEGIC_MEMORY_PORTFOLIO_PREFIX, with a name of 64 characters in it: {error}"
            return
        try:
            sections: Mapping[str, Section] = dict.fromkeys(self.portfolios, NOTHING_ELSE)
            if self.portfolio_file is not None:
                sections = read_portfolio_file(self.portfolio_file)
            settings_of = self._settings_of(service)
            settings_by_name(settings_of, sections, service.redis.key_prefix)
            if self.portfolio_prefix or self.portfolio_set:
                settings_of("NAME", NOTHING_ELSE)
        except PortfolioFileError as error:
            yield f"{_variable('portfolio_file')}: {error}"
        except ValueError as error:
            # Of several sources the file is the one that was read.
            source = "portfolio_file" if self.portfolio_file else next(iter(given), "portfolio_prefix")
            where = f"{self.portfolio_file}, " if self.portfolio_file else ""
            yield f"{_variable(source)}: {where}{error}"

    @property
    def _template(self) -> str:
        template = self.portfolio_prefix or f"{self.key_prefix}:{PLACE}"
        return template.rstrip(":")

    def _otherwise(self, name: str, section: Section) -> PortfolioSettings:
        """Read a section as variables are read, in place of those that the service was started with."""
        if unknown := sorted(section.keys() - OF_PORTFOLIO):
            raise ValueError(f"portfolio {name}: {unknown[0]} is none of its settings; there are {_listed()}")
        ours = {field: getattr(self, field) for field in self.model_fields_set if field not in _SOURCES}
        read: Any = type(self)
        try:
            anew: Self = read(**{**ours, **dict.fromkeys(_SOURCES), "portfolios": (), **section})
        except ValidationError as error:
            first = error.errors()[0]
            where = f"{first['loc'][0]}: " if first["loc"] else ""
            raise ValueError(f"portfolio {name}: {where}{what_is_wrong(first)}") from None
        return of_service(anew.service_settings())


def settings_by_name(
    settings_of: Callable[[str, Section], PortfolioSettings], sections: Mapping[str, Section], default_prefix: str
) -> dict[str, PortfolioSettings]:
    """Return what each portfolio is told, by name. Raises ValueError: two of them would have the same keys, or so."""
    found = {name: settings_of(name, section) for name, section in sections.items()}
    names = {default_prefix: "the default portfolio"}
    for name, each in found.items():
        other = names.setdefault(each.key_prefix, name)
        if other != name:
            raise ValueError(f"{name} has the key prefix {each.key_prefix}, as {other} has: give each its own")
    return found


def _tagged(template: str) -> str:
    before, after = (re.sub(r"[{}]", "", part) for part in template.split(PLACE, 1))
    return f"{{{before}{PLACE}{after}}}"


def _listed() -> str:
    return ", ".join(sorted(OF_PORTFOLIO))


def _variable(field: str) -> str:
    return f"STRATEGIC_MEMORY_{field.upper()}"
