"""Which entries of one call Redis has taken, and what may still be sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from strategic_memory_producer.connection import OUT_OF_REACH
from strategic_memory_producer.entry import Entry
from strategic_memory_producer.errors import UnwrittenError
from strategic_memory_producer.refusals import Refusal, meaning_of
from strategic_memory_producer.writer_settings import WriterSettings

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_DOUBLINGS = 5
"""After as many a pause is the longest one: 2 to the power of a thousand attempts is no float."""


class Outbox:
    """Is told how each attempt ended, and knows what to send next. It neither sends nor waits.

    What Redis has certainly not taken is sent again until the time is up. Where a connection broke after a page was
    sent, trades are sent again, for each counts once by its `trade_id`; whether the rest arrived nobody knows, and
    the caller is told. A refusal that no waiting mends holds up the rest of its stream, which keeps its order, and not
    the other streams.

    Attributes:
        trouble: what the UnwrittenError that was raised last is about.
    """

    def __init__(self, settings: WriterSettings, entries: Sequence[Entry], *, have_failed: bool = False) -> None:
        self._settings = settings
        self._entries = entries
        self._ids = [""] * len(entries)
        self._unsent = list(range(len(entries)))
        self._refused: list[int] = []
        self._in_doubt: list[int] = []
        self._on_its_way: Sequence[int] = ()
        # Who asks what is unconfirmed is another thread than the one that sends.
        self._asked_or_told = threading.RLock()
        self._ends_s = time.monotonic() + settings.timeout_s
        self.trouble = self._why = Refusal("", passes=True, is_of_redis=False)
        self._why_refused: Refusal | None = None
        self._pauses = int(have_failed)
        self._is_ended = False

    def __len__(self) -> int:
        """Return how many entries it was made of."""
        return len(self._entries)

    def end(self) -> None:
        """Have nothing more sent than what is on its way; the writer raises UnwrittenError then."""
        with self._asked_or_told:
            self._is_ended = True

    def breaking_off(self) -> tuple[type[Exception], ...]:
        """Return the errors that say that a connection broke: of every kind where `end` had it closed under a call."""
        return (Exception,) if self._is_ended else OUT_OF_REACH

    def unconfirmed(self) -> list[Entry]:
        """Return what Redis has given no id so far, in its order, without what is in doubt.

        After `end` that is also what is on its way, for it may arrive whatever is heard of it.
        """
        with self._asked_or_told:
            doubtful = {*self._in_doubt, *self._doubtful_on_their_way()}
            return [
                self._entries[index] for index, given in enumerate(self._ids) if not given and index not in doubtful
            ]

    def doubtful(self) -> int:
        """Return how many entries are in doubt so far; after `end` those are with them that are on their way."""
        with self._asked_or_told:
            return len(self._in_doubt) + len(self._doubtful_on_their_way())

    def page(self) -> list[Entry]:
        """Return what to send next in one round trip; empty when nothing is left. Raise UnwrittenError after `end`."""
        if self._is_ended and self._unsent:
            raise self._unwritten(Refusal("the writer was closed", passes=False, is_of_redis=False))
        # After a failure one goes alone: of a page a Redis could refuse the beginning, and take the rest before it.
        return [self._entries[index] for index in self._unsent[: 1 if self._pauses else self._settings.page]]

    def sent_page(self) -> list[Entry]:
        """Return the page as it is sent: from here on it is on its way. Raise as `page`."""
        with self._asked_or_told:
            page = self.page()
            self._on_its_way = self._unsent[: len(page)]
            return page

    def not_sent(self, error: Exception) -> float:
        """Redis could not be reached. Return how long to wait; raise UnwrittenError when the time is up."""
        said = f"Redis is out of reach: check that it runs and that its URL is right ({error})"
        return self._again(Refusal(said, passes=True, is_of_redis=False, kind="out of reach"))

    def shut_out(self, error: Exception) -> UnwrittenError:
        """Redis does not let this user in, and takes nothing. Return the error, for waiting mends nothing."""
        with self._asked_or_told:
            self._on_its_way = ()
        said = f"Redis asks for a user and password that it knows, in the URL: {error}"
        return self._unwritten(Refusal(said, passes=False, kind="shut out"))

    def broken_off(self, error: Exception) -> float:
        """The connection broke while the page was on its way. Return and raise as `not_sent`."""
        with self._asked_or_told:
            page, self._on_its_way = self._on_its_way, ()
            doubtful = {index for index in page if not self._entries[index].counts_once}
            self._in_doubt += sorted(doubtful)
            self._unsent = [index for index in self._unsent if index not in doubtful]
        said = f"the connection to Redis broke: {error}"
        return self._again(Refusal(said, passes=True, is_of_redis=False, kind="broken off"))

    def answered(self, answers: Sequence[object]) -> float:
        """Redis answered each entry of the page with an id or an error. Return and raise as `not_sent`.

        Raises UnwrittenError for a refusal that no waiting mends, once the other streams have theirs.
        """
        doubtful: Refusal | None = None
        rest, refusals = self._unsent[len(answers) :], {}
        with self._asked_or_told:
            page, self._on_its_way = self._on_its_way, ()
            for index, answer in zip(page, answers, strict=True):
                if not isinstance(answer, Exception):
                    self._ids[index] = answer.decode() if isinstance(answer, bytes) else str(answer)
                elif (refusal := meaning_of(answer)).is_of_redis or self._entries[index].counts_once:
                    refusals[index] = refusal
                else:
                    self._in_doubt.append(index)
                    self._why_refused = self._why_refused or refusal
                    doubtful = refusal
        self._unsent = [*refusals, *rest]
        lasting = next((refusal for refusal in refusals.values() if not refusal.passes), None)
        if lasting is not None:
            self._set_aside({self._entries[index].stream for index, refusal in refusals.items() if not refusal.passes})
            self._why_refused = self._why_refused or lasting
        passing = next((refusal for refusal in refusals.values() if refusal.passes), None)
        if passing is not None:
            return self._again(passing)
        if doubtful is not None:
            # Or all that waits would be in doubt within a moment, for as long as that lasts.
            return self._again(doubtful)
        self._pauses = 0
        return 0.0

    def ids(self) -> list[str]:
        """Return the ids of all entries; raise UnwrittenError for those that were refused or are in doubt."""
        if self._refused or self._in_doubt:
            raise self._unwritten(self._why)
        return self._ids

    def _doubtful_on_their_way(self) -> list[int]:
        return [index for index in self._on_its_way if self._is_ended and not self._entries[index].counts_once]

    def _set_aside(self, streams: set[str]) -> None:
        self._refused += [index for index in self._unsent if self._entries[index].stream in streams]
        self._unsent = [index for index in self._unsent if self._entries[index].stream not in streams]

    def _again(self, why: Refusal) -> float:
        self._why = why
        growing_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._pauses, _DOUBLINGS))
        pause_s = 0.0 if self._is_ended or not self._unsent else growing_s
        self._pauses += 1
        if self._unsent and time.monotonic() + pause_s >= self._ends_s:
            raise self._unwritten(why)
        return pause_s

    def _unwritten(self, why: Refusal) -> UnwrittenError:
        said, unwritten = [], sorted(self._refused + self._unsent)
        self.trouble = self._why_refused or why
        if unwritten:
            said.append(f"{len(unwritten)} of {len(self._ids)} entries were not confirmed, write them again")
        if self._in_doubt:
            said.append(f"{len(self._in_doubt)} of {len(self._ids)} entries are in doubt, they may have been written")
        return UnwrittenError(
            f"{self.trouble.sentence}: {'; '.join(said)}",
            self._those(unwritten),
            self._those(sorted(self._in_doubt)),
        )

    def _those(self, indexes: Sequence[int]) -> list[Entry]:
        return [self._entries[index] for index in indexes]
