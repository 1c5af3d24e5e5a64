"""Errors of limits that were reached: what was asked for is not done, and the caller is told which setting says so."""

from __future__ import annotations

from strategic_memory_server.faults.errors import StrategicMemoryError


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
