"""What can go wrong, as the caller sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from strategic_memory_client.values.unchanging import Unchanging


class StrategicMemoryError(Exception):
    """A request to the service failed. The message says what is wrong and what to do."""

    transient = False
    """Whether the same request may succeed later or at another server."""

    def __init__(self, message: str, *, address: str = "") -> None:
        super().__init__(message)
        self.address = address
        """Address of the server that was asked; empty when it did not come to that."""

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is otherwise made again from its message alone, which those with more arguments refuse.
        return _made_again, (type(self), self.args), self.__dict__


def _made_again(kind: type[StrategicMemoryError], arguments: tuple[object, ...]) -> StrategicMemoryError:
    return kind.__new__(kind, *arguments)


class ServiceUnavailableError(StrategicMemoryError):
    """The server cannot be reached, goes away, or cannot answer yet."""

    transient = True

    def __init__(self, message: str, *, reason: str = "", address: str = "") -> None:
        super().__init__(message, address=address)
        self.reason = reason
        """DRAINING, LOG_NOT_READ, MEMORY_UNREADABLE or INTERVENTION_NOT_KNOWN (what an operator asked for may hold all
        the same); empty when the server did not tell. BEHIND: it knows less than what was received already, as this
        library found."""


class SilentServerError(ServiceUnavailableError):
    """A stream was open, but nothing was heard on it for several heartbeats."""


class DeadlineExceededError(StrategicMemoryError):
    """The server did not answer within the timeout."""

    transient = True


class ServerFaultError(StrategicMemoryError):
    """The server failed in a way it did not expect."""

    transient = True


class CallCancelledError(StrategicMemoryError):
    """The call was cancelled before it was answered."""

    transient = True


class ResourceExhaustedError(StrategicMemoryError):
    """A limit was reached: the server is out of room, or a message is too large."""

    transient = True

    def __init__(self, message: str, *, retry_after_s: float | None = None, address: str = "") -> None:
        super().__init__(message, address=address)
        self.retry_after_s = retry_after_s
        """Seconds before which the server would refuse it again, as it says; None: it does not say."""


class MessageTooLargeError(ResourceExhaustedError):
    """A request or an answer is larger than this client, the service or a proxy takes. The same one always is."""

    transient = False


class TooManySubscribersError(ResourceExhaustedError):
    """The server has as many subscribers as it admits."""


@dataclass(frozen=True, slots=True)
class FieldViolation(Unchanging):
    """What is wrong with one field of a request."""

    field: str
    """Path of the field in the request, for example "inline.trade_results.realized_pnl[3]"."""
    description: str
    """What is wrong with it."""


class InvalidRequestError(StrategicMemoryError):
    """The request is not valid. Sending it again will not help."""

    def __init__(self, message: str, *, violations: Iterable[FieldViolation] = (), address: str = "") -> None:
        super().__init__(message, address=address)
        self.violations = tuple(violations)
        """What is wrong, field by field; empty when the server did not name a field."""


class InvalidAnswerError(StrategicMemoryError):
    """The server said what the contract rules out, such as a leverage of 50. Nothing of it is used."""

    transient = True

    def __init__(self, message: str, *, violations: Iterable[FieldViolation] = (), address: str = "") -> None:
        super().__init__(message, address=address)
        self.violations = tuple(violations)
        """What cannot be, field by field."""


class ResumePointError(StrategicMemoryError):
    """The log cannot be continued from the revision to resume after: something would be missing."""

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        oldest: int | None = None,
        current: int | None = None,
        epoch: str = "",
        address: str = "",
    ) -> None:
        super().__init__(message, address=address)
        self.reason = reason
        """REVISION_COMPACTED, REVISION_IN_FUTURE or EPOCH_CHANGED; empty when the server did not tell."""
        self.oldest = oldest
        """Oldest revision that the log still holds. None when the server did not tell."""
        self.current = current
        """Newest revision of the log. None when the server did not tell."""
        self.epoch = epoch
        """Epoch of the log; empty when the server did not tell."""


class RevisionGapError(StrategicMemoryError):
    """Every revision was asked for, but the server left some out."""

    def __init__(self, message: str, *, expected: int, received: int, address: str = "") -> None:
        super().__init__(message, address=address)
        self.expected = expected
        """The revision that should have come."""
        self.received = received
        """The revision that came."""


class InterventionRefusedError(StrategicMemoryError):
    """What an operator asks for is not done, as things stand."""

    def __init__(self, message: str, *, reason: str = "", number: int | None = None, address: str = "") -> None:
        super().__init__(message, address=address)
        self.reason = reason
        """INTERVENTION_CHANGED, RAISES_RISK or NOTHING_TO_FREEZE, or another one of a later service."""
        self.number = number
        """With INTERVENTION_CHANGED: the number of what holds. None otherwise."""


class UnknownPortfolioError(StrategicMemoryError):
    """The service has no portfolio of that name, or has none any more."""

    def __init__(self, message: str, *, portfolio: str = "", nearest: str = "", address: str = "") -> None:
        super().__init__(message, address=address)
        self.portfolio = portfolio
        """The name that was asked for."""
        self.nearest = nearest
        """The name that looks to be meant; empty: none does."""


class AccessDeniedError(StrategicMemoryError):
    """The server does not accept who we are, or does not let us do this."""


class UnsupportedOperationError(StrategicMemoryError):
    """The server does not know this operation: another program, or an older version, listens there."""


class ClientClosedError(StrategicMemoryError):
    """The client was closed before, or while, it was used, or made before this process was forked off."""


class SharedClientError(StrategicMemoryError, TypeError):
    """A client, or a stream of one, was taken where it cannot work: into a copy, a pickle or another event loop."""
