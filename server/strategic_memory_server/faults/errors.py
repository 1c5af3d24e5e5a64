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
    """The server has not been able to read the feedback log yet, so it cannot judge a resume point."""

    def __init__(self) -> None:
        super().__init__("the feedback log has not been read yet; try again shortly")


class LimitError(StrategicMemoryError):
    """A limit was reached, so that nothing was done.

    Attributes:
        limit: what metrics call it.
        retry_s: seconds after which trying again may help; None: it never does.
    """

    limit: str
    retry_s: float | None = 1.0


class TooManySubscribersError(LimitError):
    """The server has as many subscribers as it admits."""

    limit = "streams"
    retry_s = 5.0

    def __init__(self, admitted: int) -> None:
        super().__init__(
            f"{admitted} subscribers are connected and no more are admitted "
            "(STRATEGIC_MEMORY_MAX_SUBSCRIBERS); try another server"
        )


class TooManyOfOneCallerError(LimitError):
    """One caller has as many subscribers as it may have."""

    limit = "caller_streams"
    retry_s = 5.0

    def __init__(self, admitted: int) -> None:
        super().__init__(
            f"{admitted} streams of this caller are open and no more of one are admitted; close streams that are not "
            "used, or where many clients share an address or a token, behind a proxy, raise STRATEGIC_MEMORY_PEER_SHARE"
        )


class TooManyCallsError(LimitError):
    """The server has as many calls of a method in hand as it admits."""

    limit = "calls"

    def __init__(self, path: str, admitted: int) -> None:
        super().__init__(f"{admitted} calls of {path} are in hand and no more are admitted; try again or elsewhere")


class TooManyAnalysesError(LimitError):
    """One caller has as many analyses in hand as it may have."""

    limit = "caller_analyses"

    def __init__(self, admitted: int) -> None:
        super().__init__(
            f"{admitted} analyses of this caller are in hand and no more of one are admitted "
            "(STRATEGIC_MEMORY_CALLER_ANALYSES); wait for their answers"
        )


class TooManyRequestsError(LimitError):
    """One caller makes more requests a second than it may.

    Args:
        setting: the variable that says how many.
        per_second: how many.
        early_s: by how much this one came too early, seconds.
    """

    limit = "caller_rate"

    def __init__(self, setting: str, per_second: float, early_s: float) -> None:
        super().__init__(
            f"this caller makes more than {per_second:g} requests a second ({setting}); wait, or follow a stream in "
            "place of asking again and again"
        )
        self.retry_s = early_s


class TooMuchInHandError(LimitError):
    """The requests for an analysis that the server has in hand are as large together as it takes.

    Args:
        most_bytes: how large they may be.
        of_caller: whether those of the caller alone are.
    """

    limit = "in_hand"

    def __init__(self, most_bytes: int, *, of_caller: bool = False) -> None:
        whose, setting = ("of one caller ", "CALLER_IN_HAND_MIB") if of_caller else ("", "MAX_IN_HAND_MIB")
        super().__init__(
            f"the requests {whose}for an analysis that are in hand may have {_mib(most_bytes)} together "
            f"(STRATEGIC_MEMORY_{setting}) and there was no room for one more; try again or elsewhere"
        )
        if of_caller:
            self.limit = "caller_in_hand"


class RequestTooLargeError(LimitError):
    """A request is larger than the server takes."""

    limit = "request_size"
    retry_s = None

    def __init__(self, size_bytes: int, largest_bytes: int) -> None:
        super().__init__(
            f"the request has {_mib(size_bytes)} and at most {_mib(largest_bytes)} are taken: send less, pack the "
            "names of its columns, or raise STRATEGIC_MEMORY_MAX_REQUEST_MIB of the server"
        )


class RequestTooSlowError(LimitError):
    """A request did not arrive in the time that it holds up others for."""

    limit = "request_time"
    retry_s = None

    def __init__(self, longest_s: float) -> None:
        super().__init__(f"the request did not arrive within {longest_s:g} s; send it over a faster link, or less")


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.4g} MiB"


class DrainingError(StrategicMemoryError):
    """The server goes away; the stream can be resumed elsewhere."""

    def __init__(self) -> None:
        super().__init__("the server is going away; resume elsewhere")


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
    """Who calls is known, and may not do that."""

    def __init__(self, name: str, scope: str) -> None:
        super().__init__(f"{name} may not do this: it takes the scope {scope}, which the access file does not give")
        self.name, self.scope = name, scope


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
