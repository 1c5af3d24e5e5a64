"""KnownHistory: how far the log has come as far as a server knows, and whether what Redis holds goes on from that.

Redis can lose what was said, and can be set back in the same process (SWAPDB, RESTORE of a backup): what it holds then
is another history. The publisher and the hub judge it by this one rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.revisions.log_state import HIGHEST_OPENED, LogState

REMEMBERED_EPOCHS = 256


class KnownHistory:
    """Revisions that are known to have been said, by epoch. Synchronous."""

    def __init__(self) -> None:
        self.highest = 0
        """Highest revision that is known to have been said, in whichever epoch; 0: none. Beyond HIGHEST_OPENED another
        program has said where the log stands, and nothing goes on above that."""
        self._newest: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._disowned: set[str] = set()

    def __contains__(self, epoch: str) -> bool:
        return epoch in self._newest

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Yield each epoch with its newest revision, in the order in which they were last gone on with."""
        return iter(self._newest.items())

    def newest_of(self, epoch: str) -> int:
        """Return the newest revision that is known of an epoch; 0: none."""
        return self._newest.get(epoch, 0)

    def observe(self, epoch: str, revision: int) -> None:
        """Take note that the log has come to a revision, or stands there still; the epoch is the one in force then."""
        self._before.setdefault(epoch, self.highest)
        self._newest[epoch] = max(revision, self._newest.pop(epoch, 0))
        if revision <= HIGHEST_OPENED:
            self.highest = max(self.highest, revision)
        for forgotten in list(self._newest)[:-REMEMBERED_EPOCHS]:
            del self._newest[forgotten], self._before[forgotten]

    def merge(self, other: KnownHistory) -> None:
        """Take over what another part of the server has heard beyond this.

        Old epochs are not forgotten by both at once. One that the other still has is not learnt again: it would count
        as begun last, and push out the one in force.
        """
        oldest = self.highest if len(self._newest) >= REMEMBERED_EPOCHS else -1
        for epoch, revision in other:
            if revision > self._newest.get(epoch, oldest):
                self.observe(epoch, revision)
        self._disowned |= other._disowned

    def close(self) -> None:
        """Let go of what it is kept in, if anything; nothing is observed any more."""

    def disown(self, epoch: str) -> None:
        """Take note that what Redis holds under an epoch is not what was said under it."""
        self._disowned.add(epoch)

    def goes_back(self, state: LogState) -> bool:
        """Tell whether a log has come to this place before, and further since."""
        known = self._newest.get(state.epoch, -1)
        newest_epoch = next(reversed(self._newest), "")
        fell_back = state.revision < known or (state.revision == known and state.epoch != newest_epoch)
        return fell_back or state.epoch in self._disowned

    def goes_on(self, state: LogState) -> bool:
        """Tell whether a log goes on from all that was said: it does not go back, and its epoch began above that.

        Nor does one whose epoch was left for another, where that has come further: a little more can have been said in
        it than was heard of.
        """
        began_above = self._before.get(state.epoch, self.highest)
        return not self.goes_back(state) and state.epoch_start > began_above and state.revision >= self.highest
