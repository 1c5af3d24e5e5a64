"""ListedPortfolios: which portfolios there are beside the default one, at the start and while the service runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from strategic_memory_server.configuration.portfolio_file import PortfolioFileError, read_portfolio_file
from strategic_memory_server.configuration.portfolio_settings import (
    NOTHING_ELSE,
    PortfolioSettings,
    PortfoliosSettings,
    Section,
)
from strategic_memory_server.configuration.portfolios_environment import settings_by_name
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.files.followed_files import LOOKS_EVERY_S, FollowedFiles
from strategic_memory_server.memory.portfolio_name import NAME
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip

Listed = Mapping[str, PortfolioSettings]
Take = Callable[[Listed], Awaitable[None]]

UNUSABLE = "portfolios"
SHOWN_NAME = 64

logger = structlog.get_logger(__name__)


class ListedPortfolios:
    """Follows a list, a file or a set in Redis.

    Args:
        settings: which of them, and what each portfolio is told.
        default_prefix: what the keys of the default portfolio start with.
        client: the Redis client; it must return bytes.
        problems: is told of what cannot be used; what it said before holds on then.
    """

    def __init__(
        self, settings: PortfoliosSettings, default_prefix: str, client: redis.Redis, problems: Problems
    ) -> None:
        self._settings = settings
        self._default_prefix = default_prefix
        self._client = client
        self._problems = problems
        self._members: frozenset[str] | None = None
        self._wrong = ""
        files = () if settings.file is None else (settings.file,)
        self._followed = FollowedFiles(
            files, self._read_file, lambda: "the portfolios that it named before are served on", problems, UNUSABLE
        )
        self.newest: Listed = self._listed(dict.fromkeys(settings.names, NOTHING_ELSE))
        """Those that are named now, as far as that is known."""
        if settings.file is not None:
            self._read_file()

    async def run(self, take: Take) -> None:
        """Hand over the portfolios once they are known, and again whenever others are named or told something else."""
        if self._settings.redis_set is not None:
            await self._look_at(self._settings.redis_set)
            while self._members is None:
                await self._next_look()
        while True:
            taken = self.newest
            await take(taken)
            while self.newest == taken:
                await self._next_look()

    async def _next_look(self) -> None:
        if self._settings.redis_set is not None:
            await asyncio.sleep(LOOKS_EVERY_S)
            await self._look_at(self._settings.redis_set)
        elif self._settings.file is not None:
            await self._followed.next_look()
        else:
            await asyncio.Event().wait()

    def _read_file(self) -> None:
        path: Path | None = self._settings.file
        if path is not None:
            try:
                self.newest = self._listed(read_portfolio_file(path, may_be_empty=not self.newest))
            except ValueError as error:
                raise PortfolioFileError(f"{path}: {error}") from None
            logger.info("Portfolio file read", portfolios=len(self.newest))

    async def _look_at(self, key: str) -> None:
        try:
            (reply,) = await round_trip(self._client, [packed("SMEMBERS", key)])
            members = frozenset(member.decode(errors="replace") for member in checked(reply, key, "set"))
        except (RedisError, OSError) as error:
            self._problems.state(UNUSABLE, f"{key}: {describe_failure(error)}; {self._holds_on}")
            return
        if not members and self._members:
            # A Redis that has come back empty has no set either, and is no reason to end what is served.
            self._problems.state(
                UNUSABLE, f"{key} has no member any more, or is gone; {self._holds_on}: name them again, or start anew"
            )
            return
        if members != self._members:
            self._members = members
            self._take(key, members)
        if self._wrong:
            self._problems.state(UNUSABLE, self._wrong)
        else:
            self._problems.withdraw(UNUSABLE)

    def _take(self, key: str, members: frozenset[str]) -> None:
        usable = sorted(filter(NAME.fullmatch, members))
        listed = self._listed(dict.fromkeys(usable, NOTHING_ELSE), leave_out=True)
        self._wrong = ""
        if wrong := sorted(members - listed.keys()):
            # A set of which nothing can be used says as little as one that is gone.
            kept = "" if listed or not self.newest else f"; {self._holds_on}"
            shown = repr(wrong[0][:SHOWN_NAME])
            self._wrong = (
                f"{key}: {shown} and so {len(wrong)} of {len(members)} members can be no portfolio: they are no names "
                f"(letters, digits, dots, dashes, underscores), or have the keys of another one; remove them{kept}"
            )
        self.newest = listed or self.newest

    @property
    def _holds_on(self) -> str:
        return f"the {len(self.newest)} portfolios that it named before are served on"

    def _listed(self, sections: Mapping[str, Section], *, leave_out: bool = False) -> dict[str, PortfolioSettings]:
        if leave_out:
            # The template gives each name keys of its own: only those of the default portfolio can be in the way.
            sections = {
                name: section
                for name, section in sections.items()
                if self._settings.settings_of(name, section).key_prefix != self._default_prefix
            }
        return settings_by_name(self._settings.settings_of, sections, self._default_prefix)
