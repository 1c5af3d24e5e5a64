"""OwnWrites: where the log can stand while nobody writes to it but the publisher that holds the claim."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis.exceptions import ResponseError

from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.write_arguments import DeposedError, MemoryMovedError

REMEMBERED_TRIES = 16
"""So many of those that were made to write one revision and got no answer are told from what another program writes."""


class OwnWrites:
    """What one publisher has written, and what it has tried to.

    A write whose reply was lost may have happened, or may still: where a connection stands still it arrives when others
    were made long ago. A head is the digest of the newest entry, by which two of one revision are told apart; none: it
    is not known.
    """

    def __init__(self) -> None:
        self._heads: dict[tuple[str, int], deque[str]] = {}
        self._epochs: set[str] = set()

    def stand_at(self, epoch: str, revision: int, head: str) -> None:
        """Take note that the log stands there, and nowhere else but where a write that is on its way brings it."""
        late = {place: heads for place, heads in self._heads.items() if place[0] == epoch and place[1] > revision}
        self._heads = {(epoch, revision): deque([head] if head else (), REMEMBERED_TRIES), **late}

    def try_at(self, epoch: str, revision: int) -> None:
        """Take note that the log may stand there too: it is being written."""
        self._heads.setdefault((epoch, revision), deque(maxlen=REMEMBERED_TRIES))

    @contextmanager
    def adding(self, epoch: str, revision: int, head: Callable[[], str]) -> Iterator[None]:
        """Take note that an entry is being written, and where no answer comes, that it may be on its way.

        Args:
            epoch: its epoch.
            revision: its revision.
            head: gives its digest.
        """
        self.try_at(epoch, revision)
        try:
            yield
        except (ResponseError, DeposedError, MemoryMovedError):
            # Redis has answered.
            raise
        except BaseException:
            self._heads[epoch, revision].append(head())
            raise

    def try_epoch(self, name: str) -> None:
        """Take note that an epoch may be begun under a name."""
        self._epochs.add(name)

    def opened(self) -> None:
        """Forget the epochs that were tried: it is known in which one the log stands."""
        self._epochs = set()

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
        return not (known and found and found not in known)
