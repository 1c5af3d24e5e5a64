"""What the command's exit codes mean, and which one a failure gets."""

from __future__ import annotations

from enum import IntEnum

from strategic_memory_client.values.errors import (
    CallCancelledError,
    DeadlineExceededError,
    InterventionRefusedError,
    InvalidRequestError,
    ResumePointError,
    ServiceUnavailableError,
    StrategicMemoryError,
    TooManySubscribersError,
    UnknownPortfolioError,
)


class ExitCode(IntEnum):
    """What the command's exit code means. These numbers stay."""

    OK = 0
    FAILED = 1
    USAGE = 2
    OUT_OF_REACH = 3
    NOT_ACTIVE = 4
    REFUSED = 5
    INTERRUPTED = 130


EXIT_CODES_HELP = (
    "Exit codes: 0 done; 1 unexpected failure; 2 wrong usage; 3 no server could be reached in time, or it takes no "
    "requests; 4 the feedback is STALE or WARMING_UP (health, get --require-active), or what an operator asked for is "
    "not in force yet (admin); 5 the request was refused; 130 interrupted."
)

_TABLE: tuple[tuple[type[StrategicMemoryError], ExitCode], ...] = (
    (ServiceUnavailableError, ExitCode.OUT_OF_REACH),
    (DeadlineExceededError, ExitCode.OUT_OF_REACH),
    (CallCancelledError, ExitCode.OUT_OF_REACH),
    (TooManySubscribersError, ExitCode.OUT_OF_REACH),
    (InvalidRequestError, ExitCode.REFUSED),
    (InterventionRefusedError, ExitCode.REFUSED),
    (ResumePointError, ExitCode.REFUSED),
    (UnknownPortfolioError, ExitCode.REFUSED),
)


def exit_code_of(error: StrategicMemoryError) -> ExitCode:
    """Return the exit code for a failure."""
    return next((code for kind, code in _TABLE if isinstance(error, kind)), ExitCode.FAILED)
