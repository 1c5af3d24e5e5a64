"""What the recorder of the log keeps, page by page: nothing is forgotten, and what it cannot know it says."""

from __future__ import annotations

import math

import pytest
from history.event_budget import EventBudget, HistoryTooLongError
from history.log_entries import entry
from history.log_reading import START, Entry, Following, LogPage, LogReading
from history.model import LogGap, LogSample, Position


class Log:
    """A log, and a reading of it; each look takes one millisecond and comes ten after the last."""

    def __init__(self, budget: int = 1_000) -> None:
        self.entries: list[Entry] = []
        self.epoch = ""
        self.reading = LogReading(EventBudget(budget))
        self.now_ms = 0.0

    def look(self, page: int = 100) -> None:
        following = Following.MORE
        self.now_ms += 10
        while following is Following.MORE:
            start = self.reading.from_id
            number = 0 if start == START else int(start.split(b"-")[0])
            wanted = [each for each in self.entries if int(each[0].split(b"-")[0]) >= number]
            following = self.reading.take(
                LogPage(
                    entries=wanted[:page],
                    is_last=len(wanted) <= page,
                    first_id=self.entries[0][0] if self.entries else None,
                    last_id=self.entries[-1][0] if self.entries else None,
                    epoch=self.epoch,
                    sent_ms=self.now_ms,
                    got_ms=self.now_ms + 1,
                )
            )

    def revisions(self) -> list[tuple[str, int]]:
        return [(each.feedback.position.epoch, each.feedback.position.revision) for each in self.reading.publishes]


@pytest.fixture
def log() -> Log:
    return Log()


def entries(first: int, last: int, epoch: str = "e") -> list[Entry]:
    return [entry(revision, epoch) for revision in range(first, last + 1)]


def test_what_is_published_is_kept_with_the_times_between_which_it_came(log: Log) -> None:
    log.entries = entries(1, 2)
    log.look()
    log.entries += entries(3, 3)
    log.look()
    assert log.revisions() == [("e", 1), ("e", 2), ("e", 3)]
    assert [(each.absent_ms, each.seen_ms) for each in log.reading.publishes] == [(-math.inf, 11)] * 2 + [(10, 21)]
    assert log.reading.samples == [LogSample(11, "e", 1, 2), LogSample(21, "e", 1, 3)]
    assert log.reading.newest == Position("e", 3)


def test_what_came_since_the_last_look_is_not_known(log: Log) -> None:
    log.entries = entries(1, 3)
    log.look()
    log.look()
    log.entries += entries(4, 4)
    assert log.reading.not_read_yet == LogGap("e", 3, None, 20)
    log.look()
    assert log.reading.not_read_yet == LogGap("e", 4, None, 30)


def test_a_look_without_news_adds_nothing(log: Log) -> None:
    log.entries = entries(1, 2)
    log.look()
    before = (len(log.reading.publishes), len(log.reading.samples))
    log.look()
    assert (len(log.reading.publishes), len(log.reading.samples)) == before


def test_pages_are_read_to_the_end(log: Log) -> None:
    log.entries = entries(1, 10)
    log.look(page=3)
    assert len(log.revisions()) == 10
    assert len(log.reading.samples) == 1


def test_what_is_trimmed_stays_known(log: Log) -> None:
    log.entries = entries(1, 5)
    log.look()
    log.entries = entries(4, 6)
    log.look()
    assert len(log.revisions()) == 6
    assert log.reading.samples[-1].oldest == 4
    assert log.reading.gaps == []


def test_what_was_trimmed_before_it_was_read_is_a_gap(log: Log) -> None:
    log.entries = entries(1, 2)
    log.look()
    log.entries = entries(6, 8)
    log.look()
    assert log.reading.gaps == [LogGap("e", 2, 6, 10)]
    assert log.revisions()[-3:] == [("e", 6), ("e", 7), ("e", 8)]


def test_a_trimmed_change_of_epoch_is_a_gap_in_both(log: Log) -> None:
    log.entries = entries(1, 2)
    log.look()
    log.entries = entries(6, 8, "f")
    log.look()
    assert log.reading.gaps == [LogGap("e", 2, None, 10), LogGap("f", 0, 6, 10)]


def test_no_gap_where_the_last_known_entry_alone_was_trimmed(log: Log) -> None:
    log.entries = entries(1, 2)
    log.look()
    log.entries = entries(3, 4)
    log.look()
    assert log.reading.gaps == []


def test_a_log_that_falls_back_is_read_again_from_the_start(log: Log) -> None:
    log.entries = entries(1, 5)
    log.look()
    log.entries = [*entries(1, 3), entry(4, regime="BEAR")]
    log.look()
    assert log.revisions() == [("e", number) for number in (1, 2, 3, 4, 5, 4)]
    assert log.reading.gaps == [LogGap("e", 5, None, 10)]
    assert [sample.newest for sample in log.reading.samples] == [5, 4]


def test_a_rewritten_last_entry_is_noticed_though_the_log_grew(log: Log) -> None:
    log.entries = entries(1, 3)
    log.look()
    log.entries = [*entries(1, 1), entry(2, regime="BEAR"), entry(3, regime="BEAR"), entry(4)]
    log.look()
    assert log.revisions() == [("e", number) for number in (1, 2, 3, 2, 3, 4)]
    assert log.reading.gaps[0].after == 3


def test_a_log_that_is_lost_goes_on_in_another_epoch(log: Log) -> None:
    log.entries = entries(1, 3)
    log.look()
    log.entries = []
    log.look()
    log.entries = entries(1, 2, "f")
    log.look()
    assert log.revisions() == [("e", 1), ("e", 2), ("e", 3), ("f", 1), ("f", 2)]
    assert log.reading.epochs == ["e", "f"]
    assert [(sample.epoch, sample.newest) for sample in log.reading.samples] == [("e", 3), ("", 0), ("f", 2)]


def test_an_epoch_that_begins_above_more_than_was_read_is_a_gap_in_the_one_before(log: Log) -> None:
    """A master died with revision 4, which a server had read and said; an entry of somebody else is no such sign.

    The one that took over never had it, so that looks at that say nothing of since when it was there.
    """
    log.look()
    log.entries = entries(1, 3)
    for _ in range(3):
        log.look()
    log.entries = [*entries(1, 3), *entries(5, 6, "f")]
    log.look()
    assert log.reading.gaps == [LogGap("e", 3, 5, 10)]
    log.entries += [(b"90-0", {b"a": b"b"}), *entries(91, 92, "g")]
    log.look()
    assert log.reading.gaps == [LogGap("e", 3, 5, 10)]


def test_an_epoch_is_known_before_its_first_revision(log: Log) -> None:
    log.entries, log.epoch = entries(1, 1), "e"
    log.look()
    log.epoch = "f"
    log.look()
    assert log.reading.epochs == ["e", "f"]


def test_a_foreign_entry_is_passed_over_and_told(log: Log) -> None:
    log.entries = [entry(1), (b"2-0", {b"a": b"b"})]
    log.look()
    log.entries.append(entry(3))
    log.look()
    assert log.revisions() == [("e", 1), ("e", 3)]
    assert len(log.reading.unreadable) == 1
    assert "2-0" in log.reading.unreadable[0]
    assert [sample.newest for sample in log.reading.samples] == [3]


def test_what_is_held_is_bounded() -> None:
    log = Log(budget=5)
    log.entries = entries(1, 6)
    with pytest.raises(HistoryTooLongError, match="has 5 events already"):
        log.look()
    foreign = Log()
    foreign.entries = [(f"{number}-0".encode(), {b"a": b"b"}) for number in range(1, 300)]
    foreign.look()
    assert len(foreign.reading.unreadable) == 100


@pytest.mark.parametrize("page", [2, 100])
def test_the_epoch_beside_the_log_is_no_older_than_what_is_in_it(log: Log, page: int) -> None:
    log.entries, log.epoch = entries(1, 2), "e"
    log.look()
    log.entries, log.epoch = entries(3, 4, "f"), "g"
    log.look(page)
    log.entries += entries(9, 9, "g")
    log.look(page)
    assert log.reading.epochs == ["e", "f", "g"]


def test_so_it_is_where_the_log_is_read_again(log: Log) -> None:
    log.entries, log.epoch = entries(1, 9), "e"
    log.look()
    log.entries, log.epoch = entries(3, 4, "f"), "g"
    log.look()
    assert log.reading.epochs == ["e", "f", "g"]
