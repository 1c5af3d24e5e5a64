"""OwnWrites: where the log can stand while nobody writes to it but the publisher that holds the claim."""

from __future__ import annotations

from collections import deque

from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_opening import Begun, LogOpening
from strategic_memory_server.revisions.log_state import LogState

TRIED_EPOCHS = 4_096
"""Epochs tried without an answer that are remembered: hours of attempts, where a key is in the way for weeks."""


class OwnWrites:
    """Where one publisher has left the log, and where a write whose answer was lost may have brought it.

    The log is opened before the next write then, and from that on nothing of it can arrive. A head is the digest of the
    newest entry, by which two of one revision are told apart; empty: it is not known.
    """

    def __init__(self) -> None:
        self._heads: dict[tuple[str, int], str] = {}
        self._epochs: deque[str] = deque(maxlen=TRIED_EPOCHS)

    def stand_at(self, epoch: str, revision: int, head: str) -> None:
        """Take note that the log stands there, and nowhere else."""
        self._heads = {(epoch, revision): head}

    def try_at(self, epoch: str, revision: int, head: str) -> None:
        """Take note that the log may stand there too: it was sent; whatever the answer, it can have been sent twice."""
        self._heads[epoch, revision] = head

    def try_epoch(self, name: str) -> None:
        """Take note that an epoch may be begun under a name."""
        self._epochs.append(name)

    def begun_unanswered(self, opening: LogOpening) -> Begun | None:
        """Return why the epoch found was begun, if by what got no answer and nothing was said in it; else None."""
        state = opening.state
        return opening.begun_before if state.epoch in self._epochs and state.revision < state.epoch_start else None

    def opened(self) -> None:
        """Forget the epochs that were tried: it is known in which one the log stands."""
        self._epochs.clear()

    def explain(self, state: LogState, snapshot: LogSnapshot) -> bool:
        """Tell whether the log stands where it was left or where a lost write has brought it, and says what was said.

        Where nothing was written yet, nothing is known to the contrary.
        """
        if not self._heads or state.epoch in self._epochs:
            return True
        here = state.epoch, state.revision
        if here not in self._heads:
            return False
        known, read = self._heads[here], snapshot.state
        found = read.head if read and (read.epoch, read.revision) == here else ""
        return not (known and found and found != known)
