"""What the scripts that write to the log are given, and when they refuse."""

from __future__ import annotations

from collections.abc import Sequence

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.advice.override import of_others
from strategic_memory_server.redis_access.redis_script import Argument
from strategic_memory_server.revisions.caps_json import caps_text
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.log_times import key_lives_ms, time_argument, time_arguments


class MemoryMovedError(Exception):
    """The long memory stands elsewhere than the note says; nothing was written."""


class DeposedError(Exception):
    """This server may not write to the log any more; the text names who may, and is empty when nobody does."""


def flag(is_so: bool) -> str:
    """Return a yes or no as the scripts take it."""
    return "1" if is_so else ""


def common_arguments(claim: Claim, feedback: Feedback, expected: LogState) -> dict[str, Argument]:
    """Return the arguments that publishing and confirming share, by the names of the scripts."""
    return {
        "claim": claim.value,
        "run_id": claim.run_id,
        "expected_epoch": expected.epoch,
        "expected_revision": expected.revision,
        "expected_valid_until_ms": time_argument(expected.times.valid_until_ms),
        "opening": expected.opening,
        "head": expected.head,
        **time_arguments(feedback.times),
        "key_lives_ms": key_lives_ms(feedback.times),
        "leverage_caps": caps_text(of_others(feedback.advice.leverage_caps)),
    }


def require_written(reply: Sequence[bytes]) -> None:
    """Raise DeposedError or MemoryMovedError where a script has refused to write."""
    if reply[0] == b"deposed":
        raise DeposedError(reply[1].decode(errors="replace"))
    if reply[0] == b"memory moved":
        raise MemoryMovedError(
            "the long memory in Redis was changed since it was read, by somebody else or by a write of this server "
            "that got no answer; it is read again"
        )
