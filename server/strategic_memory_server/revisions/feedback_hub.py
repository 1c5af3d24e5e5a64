"""FeedbackHub: what this server can say without asking anybody, newest feedback and a ring of recent ones.

Synchronous. The tail of the log feeds it, the streams and GetFeedback read it; both run in one event loop.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from strategic_memory_server.feedback import Feedback, Times, warming_up
from strategic_memory_server.revisions.feedback_log import LogSnapshot, LogState


class FeedbackHub:
    """Holds the newest feedback and recent ones.

    Args:
        version: version of the rules that the warming-up feedback names.
        recent_revisions: length of the ring.
    """

    def __init__(self, version: str, recent_revisions: int) -> None:
        self.epoch = ""
        self.revision = 0
        """Where the log stands: its newest revision, or the one that an epoch without a publication goes on above."""
        self.epoch_start = 1
        """First revision of the epoch, whether or not it has been published yet."""
        self.was_read = False
        """Whether the log has been read at all."""
        self._ring: deque[Feedback] = deque(maxlen=recent_revisions)
        self._newest = warming_up(version)
        self._nothing = self._newest
        self._stale: Feedback | None = None
        self._oldest_retained = 0

    @property
    def oldest_retained(self) -> int:
        """Oldest revision that the log retains; 0 when there is none."""
        return self._oldest_retained

    def load(self, snapshot: LogSnapshot) -> None:
        """Take over a snapshot of the log in place of everything known."""
        state = snapshot.state
        self._ring.clear()
        self._ring.extend(snapshot.recent)
        self._oldest_retained = state.oldest_revision if state else 0
        self.epoch, self.revision, self.epoch_start = (
            (state.epoch, state.revision, state.epoch_start) if state else ("", 0, 1)
        )
        self.was_read = True
        self._newest, self._stale = (
            replace(self._ring[-1] if self._ring else self._nothing, epoch=self.epoch),
            None,
        )
        if state:
            self._set_times(state.times)

    def append(self, feedback: Feedback) -> bool:
        """Take over the next feedback of the log; False when it does not follow what is known."""
        if feedback.epoch != self.epoch or feedback.revision != self.revision + 1:
            return False
        self._ring.append(feedback)
        self.revision = feedback.revision
        self._newest, self._stale = feedback, None
        self._oldest_retained = self._oldest_retained or feedback.revision
        return True

    def confirm(self, state: LogState) -> bool:
        """Move the times of the newest feedback on; False when the log stands elsewhere than what is known."""
        if (state.epoch, state.revision) != (self.epoch, self.revision):
            return False
        self._oldest_retained = state.oldest_revision
        self._set_times(state.times)
        return True

    def in_force(self, now_ms: int) -> Feedback:
        """Give the newest feedback as it stands now: with the safe values once its validity has passed.

        Until something changes it is the same object, so that what is derived from it can be kept.
        """
        now = self._newest.at(now_ms)
        if now is self._newest:
            return now
        if self._stale is None:
            self._stale = now
        return self._stale

    def recent(self, revision: int) -> Feedback | None:
        """Give a recent feedback; None when it is older than the ring or was never published."""
        if not self._ring or not self._ring[0].revision <= revision <= self._ring[-1].revision:
            return None
        return self._ring[revision - self._ring[0].revision]

    def _set_times(self, times: Times) -> None:
        if self._ring:
            self._newest, self._stale = replace(self._newest, times=times), None
