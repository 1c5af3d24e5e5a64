"""Access: who calls, by what they show; follows the access file without a restart."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import structlog

from strategic_memory_server.faults.errors import OutOfScopeError, UnauthenticatedError
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.files.followed_files import FollowedFiles
from strategic_memory_server.identity.access_file import (
    AccessTable,
    Identity,
    digest_of,
    read_access_file,
    scope_text,
)
from strategic_memory_server.identity.grants import Grants
from strategic_memory_server.identity.scope import Scope
from strategic_memory_server.memory.shown_time import shown_time

UNUSABLE = "access_file"
ENDING = "access_ends"

ENDS_SOON_S = 7 * 86_400.0
"""Time left of the last line of a name when that is told: a new token has to reach whoever shows it."""

LONGEST_TOKEN = 512

_ANY_CLIENT = Identity("a client with a certificate", Grants(frozenset({Scope.READ, Scope.ANALYZE})), is_one=False)

logger = structlog.get_logger(__name__)


class Access:
    """Who may do what.

    Args:
        file: the access file; None: whoever has shown a certificate that is trusted may do all but ADMIN.
        problems: told of a file that cannot be used.
        clock_s: seconds since 1970.

    Raises:
        AccessFileError: the file cannot be used.
    """

    def __init__(self, file: Path | None, problems: Problems, clock_s: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock_s = clock_s
        self._problems = problems
        files = () if file is None else (file,)
        self._followed = FollowedFiles(files, self._take, lambda: "what it said before holds on", problems, UNUSABLE)
        self._table = AccessTable({}, {}) if file is None else read_access_file(file)

    def permitted(
        self, scope: Scope | None, authorization: str | None, names: Iterable[str], portfolio: str | None = None
    ) -> Identity:
        """Return who calls.

        Args:
            scope: what they want to do; None: something for everybody who is known.
            authorization: what they sent as `authorization`; None where they sent nothing.
            names: the names in the certificate that they have shown.
            portfolio: about which one; `ALL`: about all together; None: about any one at all.

        Raises:
            UnauthenticatedError: they show nothing, or nothing that holds.
            OutOfScopeError: they may not do that.
        """
        identity = self._who(authorization, names)
        if identity.ends_s is not None and identity.ends_s <= self._clock_s():
            raise UnauthenticatedError("has ended: ask for another one")
        if scope is not None and not identity.grants.permit(scope, portfolio):
            raise OutOfScopeError(
                identity.name, scope.value, None if portfolio is None else scope_text(scope, portfolio)
            )
        return identity

    async def run(self) -> None:
        """Look at the file again and again."""
        while True:
            self.report_ends()
            await self._followed.next_look()

    def report_ends(self) -> None:
        """State that a name is about to be let in no more, or is not any longer: no line of it holds on for long."""
        lasts_s: dict[str, float] = {}
        for identity in (*self._table.by_digest.values(), *self._table.by_san.values()):
            ends_s = math.inf if identity.ends_s is None else identity.ends_s
            lasts_s[identity.name] = max(ends_s, lasts_s.get(identity.name, ends_s))
        now_s = self._clock_s()
        ending_s = [ends_s for ends_s in lasts_s.values() if ends_s - now_s < ENDS_SOON_S]
        if not ending_s:
            self._problems.withdraw(ENDING)
            return
        first_s = min(ending_s)
        # Not who: whoever reads the advice reads this too.
        self._problems.state(
            ENDING,
            f"of the {len(lasts_s)} names in {self._file} {len(ending_s)} {'has' if len(ending_s) == 1 else 'have'} no "
            f"line that holds a week from now; the first {'ends' if first_s > now_s else 'ended'} at "
            f"{shown_time(1000 * int(first_s))}, and who shows it is refused from then on: add a line with a new token "
            "or a later end, or take out the names that are not needed any more",
        )

    def look(self) -> None:
        """Take the file, if it has changed and can be used; else the last good one holds."""
        self._followed.look()

    def _take(self) -> None:
        if self._file is not None:
            self._table = read_access_file(self._file)
            logger.info("Access file read", tokens=len(self._table.by_digest), certificates=len(self._table.by_san))

    def _who(self, authorization: str | None, names: Iterable[str]) -> Identity:
        if authorization is not None:
            kind, _, token = authorization.partition(" ")
            if kind.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN:
                raise UnauthenticatedError("is not of the form: Bearer TOKEN")
            # By its digest, which nobody can steer: how long it takes tells nothing of the tokens that there are.
            if (found := self._table.by_digest.get(digest_of(token.strip()))) is None:
                raise UnauthenticatedError("is unknown: it was never given, or taken back")
            return found
        shown = list(names)
        for name in shown:
            if (found := self._table.by_san.get(name)) is not None:
                return found
        if shown and self._file is None:
            return _ANY_CLIENT
        raise UnauthenticatedError("is missing" if not shown else None)


def sole_authorization(given: Sequence[str | bytes]) -> str | None:
    """Return what a caller sent as `authorization`; None where that is nothing, and what is no token where it is two.

    Of several none decides: what stands in front of the service may have looked at another one.
    """
    if not given:
        return None
    return given[0] if len(given) == 1 and isinstance(given[0], str) else ""


def access_asked(file: Path | None, problems: Problems, *, asks_clients: bool) -> Access | None:
    """Return who may do what; None where nobody is asked who they are. Raises AccessFileError.

    Args:
        file: the access file; None: there is none.
        problems: see `Access`.
        asks_clients: whether a certificate is asked of clients.
    """
    return Access(file, problems) if file is not None or asks_clients else None
