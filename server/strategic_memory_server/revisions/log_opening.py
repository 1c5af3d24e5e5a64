"""LogOpening: where the log stands once a publisher has opened it, and why it has got another epoch."""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass

from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.revisions.log_state import LogState


class Begun(enum.Enum):
    """Why another epoch was begun."""

    FIRST = "first"
    """Redis held nothing of a log."""
    UNREADABLE = "unreadable"
    """The state was gone or cannot be read, and something else of the log is there."""
    FOREIGN = "foreign"
    """The log holds, or has held, entries that the state does not know."""
    RESTARTED = "restarted"
    """Redis was restarted or has failed over, and whoever said the newest revision is not there to vouch for it."""
    ASKED = "asked"
    """The publisher knows of another history than Redis holds."""

    @classmethod
    def of(cls, told: bytes) -> Begun | None:
        """Return what a script or the state says; None: it says nothing that is known here."""
        return next((each for each in cls if each.value.encode() == told), None)


@dataclass(frozen=True, slots=True)
class LogOpening:
    """Where the log stands once it is open.

    Attributes:
        state: where.
        begun: why its epoch was begun just now; None: it was there.
        begun_before: why the epoch that was there had been begun; None: not known.
        guard: what the drawdown guard goes on from.
    """

    state: LogState
    begun: Begun | None
    begun_before: Begun | None
    guard: GuardState


def mint_epoch() -> str:
    """Make a name for a log that no other log has had."""
    return secrets.token_hex(8)
