"""LogState: where the log stands, as its state and each of its pulses say."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.revisions.caps_json import caps_of_text
from strategic_memory_server.revisions.contract_bounds import is_epoch, times_outside_contract
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.intervention_text import intervention_of_text
from strategic_memory_server.revisions.log_times import read_time_ms

STATE_FIELDS = [
    "epoch",
    "revision",
    "epoch_start",
    "oldest_revision",
    "computed_at_ms",
    "data_as_of_ms",
    "valid_until_ms",
    "withdrawn",
    "leverage_caps",
    "intervention",
]
"""Fields of the state and of each pulse."""

_MAX_COUNT = 2**53 - 2
"""The highest revision of `scripts/prelude.lua`: from a higher one no script goes on."""

HIGHEST_OPENED = 2**52
"""The highest revision that a log is opened at, as there: a higher one that was read is no place to go on above."""


@dataclass(frozen=True, slots=True)
class LogState:
    """Where the log stands.

    Attributes:
        epoch: name of the log.
        revision: newest revision; in an epoch without a publication, the one that it goes on above.
        oldest_revision: oldest retained revision of the epoch; 0 when there is none.
        times: times of the newest feedback.
        epoch_start: first revision of the epoch, whether or not it has been published yet.
        withdrawn: whether nothing stands behind the newest feedback any more.
        leverage_caps: caps on leverage of other modules, whether or not anything is published; None: not known.
        intervention: what operators have said, as far as it has not ended; None: not known.
        head: digest of the newest entry of the log, as `digest_of` gives it; empty: not known.
        opening: mark of the opening that told of it: what rests on it writes nothing after another; empty: not known.
    """

    epoch: str
    revision: int
    oldest_revision: int = 0
    times: Times = field(default_factory=Times)
    epoch_start: int = 1
    withdrawn: bool = False
    leverage_caps: LeverageCaps | None = None
    intervention: Intervention | None = field(default=None, compare=False)
    head: str = field(default="", compare=False)
    opening: str = field(default="", compare=False)

    def has_lapsed(self, now_ms: int) -> bool:
        """Tell whether the newest feedback has turned stale: saying it again is a change then, so it is a revision."""
        return self.times.valid_until_ms is not None and now_ms > self.times.valid_until_ms

    @classmethod
    def from_replies(cls, replies: Sequence[bytes | None]) -> LogState:
        """Read the values of STATE_FIELDS as Redis gives them; None or empty: not known.

        Raises:
            MalformedFeedbackError: somebody else wrote to them.
        """
        epoch, revision, start, oldest, *times, withdrawn, caps, said = (reply or b"" for reply in replies)
        try:
            state = cls(
                epoch.decode(),
                _count(revision),
                _count(oldest or b"0"),
                Times(*(read_time_ms(int(time)) if time else None for time in times)),
                _count(start or b"1"),
                withdrawn == b"1",
                caps_of_text(caps),
                intervention_of_text(said),
            )
        except ValueError as error:
            raise MalformedFeedbackError("the state of the feedback log cannot be read") from error
        if not is_epoch(state.epoch) or times_outside_contract(state.times):
            raise MalformedFeedbackError("the state of the feedback log is outside the bounds of the contract")
        return state


def _count(text: bytes) -> int:
    if not 0 <= (count := int(text)) <= _MAX_COUNT:
        raise ValueError("not a count")
    return count


def digest_of(document: bytes) -> str:
    """Return the digest of an entry's document, as the scripts work it out."""
    # What Redis offers to scripts, no matter of security.
    return hashlib.sha1(document, usedforsecurity=False).hexdigest()
