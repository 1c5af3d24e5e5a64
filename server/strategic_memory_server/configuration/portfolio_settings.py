"""What portfolios are told, and where it is said which there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.revisions.log_settings import LogSettings
from strategic_memory_server.sync.sync_settings import SyncSettings

Section = Mapping[str, object]
"""What a file says of one portfolio: settings by the names of their variables, in lower case and without prefix."""

NOTHING_ELSE: Section = MappingProxyType({})
"""Of a portfolio that is told nothing else than the service."""


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


@dataclass(frozen=True, slots=True)
class PortfoliosSettings:
    """Which portfolios there are beside the default one. At most one of `names`, `file` and `redis_set` is given.

    Attributes:
        settings_of: gives what a portfolio is told, from its name and section; raises ValueError.
        names: those of a list.
        file: a file that names them.
        redis_set: the key of a set in Redis that does.
        most_labelled: so many of them have metrics of their own.
    """

    settings_of: Callable[[str, Section], PortfolioSettings] = field(compare=False, repr=False)
    names: tuple[str, ...] = ()
    file: Path | None = None
    redis_set: str | None = None
    most_labelled: int = 100
