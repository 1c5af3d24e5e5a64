"""Errors of the domain. `rpc/wire/error_table.py` says what each is on the wire."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class StrategicMemoryError(Exception):
    """Something a caller can be told."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field of a request that is wrong, as a path such as `settings.regime_window`, and what to do about it."""

    field: str
    description: str


MAX_VIOLATIONS = 8
"""Most violations told at once: errors travel in headers, which peers limit to 8 KiB."""


class InvalidRequestError(StrategicMemoryError):
    """A request is wrong in one or more fields; the first few are told."""

    def __init__(self, *violations: Violation) -> None:
        self.violations = violations[:MAX_VIOLATIONS]
        told = [f"{violation.field}: {violation.description}" for violation in self.violations]
        if len(violations) > MAX_VIOLATIONS:
            told.append(f"and {len(violations) - MAX_VIOLATIONS} more")
        super().__init__("; ".join(told))


class ResumeRefusal(enum.Enum):
    """Why a stream cannot go on from a resume point."""

    REVISION_COMPACTED = "REVISION_COMPACTED"
    REVISION_IN_FUTURE = "REVISION_IN_FUTURE"
    EPOCH_CHANGED = "EPOCH_CHANGED"


class ResumePointError(StrategicMemoryError):
    """A stream cannot go on from a resume point; going on from another one would hide a gap.

    Args:
        refusal: why.
        asked: the revision to resume after.
        oldest: oldest revision that is retained; 0 when there is none.
        current: newest revision.
        epoch: name of the log that these count in.
    """

    def __init__(self, refusal: ResumeRefusal, *, asked: int, oldest: int, current: int, epoch: str) -> None:
        what = {
            ResumeRefusal.REVISION_COMPACTED: f"revision {asked + 1} is no longer retained",
            ResumeRefusal.REVISION_IN_FUTURE: f"revision {asked} has not been published",
            ResumeRefusal.EPOCH_CHANGED: f"revision {asked} is of another epoch: history was lost in between",
        }[refusal]
        super().__init__(
            f"{what}; retained are {oldest} to {current} of epoch {epoch}. "
            "Open the stream without resume_after_revision to start with the feedback in force."
        )
        self.refusal = refusal
        self.oldest = oldest
        self.current = current
        self.epoch = epoch


class LogNotReadError(StrategicMemoryError):
    """The server has not been able to read the feedback log yet, or what else it needs to judge what is asked.

    Args:
        what: was not read, with its verb.
    """

    def __init__(self, what: str = "the feedback log has") -> None:
        super().__init__(f"{what} not been read yet; try again shortly")


class DrainingError(StrategicMemoryError):
    """The server goes away; the stream can be resumed elsewhere."""

    def __init__(self) -> None:
        super().__init__("the server is going away; resume elsewhere")


class UnknownPortfolioError(StrategicMemoryError):
    """There is no portfolio of a name, or none any more.

    Args:
        asked: the name; it has no other characters than a portfolio may have.
        nearest: the name that looks to be meant; empty: none does.
    """

    def __init__(self, asked: str, nearest: str) -> None:
        meant = f"; is {nearest} meant?" if nearest else "; see strategic-memory portfolios for those that there are"
        super().__init__(f"there is no portfolio {asked} here{meant}")
        self.asked, self.nearest = asked, nearest


class MemoryUnreadableError(StrategicMemoryError):
    """The stored memory cannot be read from Redis."""

    def __init__(self) -> None:
        super().__init__("the stored memory cannot be read from Redis right now; try again, or send an inline memory")


class UnauthenticatedError(StrategicMemoryError):
    """Nobody knows who calls.

    Args:
        what: what is wrong with the token; None: with the certificate.
    """

    def __init__(self, what: str | None) -> None:
        wrong = "no name in the certificate is known here" if what is None else f"the token {what}"
        super().__init__(f"{wrong}; send one as metadata: authorization: Bearer TOKEN (option token of the clients)")


class OutOfScopeError(StrategicMemoryError):
    """Who calls is known, and may not do that.

    Args:
        name: who calls.
        scope: what it takes.
        narrower: what would do too, as the access file has it: the scope for one portfolio, or again the scope, where
            that is to hold for all of them; None: it is not about any.
    """

    def __init__(self, name: str, scope: str, narrower: str | None = None) -> None:
        which = {None: scope, scope: f"{scope} for all portfolios"}.get(narrower, f"{scope} or {narrower}")
        super().__init__(f"{name} may not do this: it takes the scope {which}, which the access file does not give")
        self.name, self.scope = name, narrower or scope


class NobodyMayError(OutOfScopeError):
    """Nobody may do that here, since nobody is asked who they are."""

    def __init__(self, scope: str) -> None:
        StrategicMemoryError.__init__(
            self,
            "nobody may do this here, since this service asks nobody who they are: give it an access file with the "
            f"scope {scope} (STRATEGIC_MEMORY_ACCESS_FILE), or say STRATEGIC_MEMORY_PUBLIC={scope} where whoever "
            "reaches it may",
        )
        self.name, self.scope = "anonymous", scope


class InterventionChangedError(StrategicMemoryError):
    """Something else holds than the caller has seen.

    Args:
        number: of what holds.
        holds: what that is, in words.
    """

    def __init__(self, number: int, holds: str) -> None:
        super().__init__(f"{holds}; to replace it name its number, {number}")
        self.number = number


class RaisesRiskError(StrategicMemoryError):
    """An override would raise risk and is not forced.

    Args:
        asked: what it asks for.
        rules: what the rules say.
    """

    def __init__(self, asked: str, rules: str) -> None:
        super().__init__(f"{asked} is above what the rules say, {rules}: ask for less, or force it")


class NothingToFreezeError(StrategicMemoryError):
    """No advice is in force that could be held."""

    def __init__(self, status: str) -> None:
        super().__init__(f"the feedback is {status}, and only an ACTIVE one can be held")


class InterventionNotKnownError(StrategicMemoryError):
    """What operators say cannot be read, or it is not known whether it was written."""

    def __init__(self, failure: str) -> None:
        super().__init__(
            f"what operators say cannot be read from Redis or written there ({failure}); see what holds first"
        )


class BrokenServiceError(Exception):
    """A part of the running service has ended by a fault of the program, so the service must not look alive."""

    def __init__(self) -> None:
        super().__init__(
            "a part of the service has ended by a fault of the program, which the log shows; start the service again"
        )


class ListenError(Exception):
    """An address cannot be listened on. `setting` names the setting that holds it."""

    def __init__(
        self, setting: str, address: str, why: str = "it is in use, not of this machine, or not permitted"
    ) -> None:
        super().__init__(
            f"cannot listen on {address}: {why}; set {setting} to another host:port (port 0 takes a free one)"
        )
