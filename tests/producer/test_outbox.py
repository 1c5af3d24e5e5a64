"""What is sent again where the connection breaks: what the service counts once, and nothing else."""

from __future__ import annotations

import pytest
from redis.exceptions import ResponseError

from strategic_memory_producer import (
    Entry,
    UnwrittenError,
    WriterSettings,
    portfolio_entry,
    regime_observation,
    trade_result,
)
from strategic_memory_producer.outbox import Outbox


def broken_off(entry: Entry) -> Outbox:
    outbox = Outbox(WriterSettings(), [entry])
    assert outbox.sent_page() == [entry]
    outbox.broken_off(ConnectionError("gone"))
    return outbox


@pytest.mark.parametrize("stream", ["meta.regime", "portfolio.memory"])
def test_an_entry_that_is_no_trade_is_not_sent_again_for_a_trade_id(stream: str) -> None:
    """An entry that was made by hand was sent again for that, and counted twice."""
    entry = Entry(stream, {**portfolio_entry(0.5).fields, "regime": "BULL", "trade_id": "7"})
    with pytest.raises(UnwrittenError) as told:
        broken_off(entry).ids()
    assert told.value.in_doubt == (entry,)


@pytest.mark.parametrize("trade_id", ["", " ", "nan", " None ", b"nan"])
def test_a_trade_whose_id_is_read_as_none_is_not_sent_again(trade_id: str) -> None:
    entry = Entry("trade.results", {"realized_pnl": "0.5", "trade_id": trade_id})
    with pytest.raises(UnwrittenError) as told:
        broken_off(entry).ids()
    assert told.value.in_doubt == (entry,)


def test_a_trade_is_sent_again() -> None:
    for entry in (trade_result(0.5), Entry("trade.results", {"realized_pnl": "0.5", "trade_id": "7"})):
        assert broken_off(entry).page() == [entry]


def test_what_a_proxy_before_redis_gives_up_is_in_doubt_but_for_trades() -> None:
    """Redis may have taken it; it was said to be safe to be written again, which a BackgroundWriter did."""
    observation, trade, refused = regime_observation("BULL"), trade_result(0.5), portfolio_entry(0.5)
    outbox = Outbox(WriterSettings(), [observation, trade, refused])
    outbox.sent_page()
    outbox.answered([ResponseError("upstream failure"), ResponseError("upstream failure"), ResponseError("MISCONF no")])
    with pytest.raises(UnwrittenError, match=r"^upstream failure: 2 of 3 entries") as told:
        outbox.ids()
    assert (told.value.entries, told.value.in_doubt) == ((trade, refused), (observation,))


def test_while_a_proxy_gives_up_what_waits_is_put_in_doubt_one_by_one() -> None:
    """A whole page was at once, and the next one right after it: 100,000 entries of a BackgroundWriter in a moment."""
    first, *others = (regime_observation("BULL") for _ in range(9))
    outbox = Outbox(WriterSettings(page=3), [first, *others])
    outbox.sent_page()
    assert outbox.answered([ResponseError("upstream failure"), "1-0", "2-0"]) > 0
    assert outbox.sent_page() == [others[2]]
    assert outbox.doubtful() == 1


def test_what_a_proxy_has_no_redis_for_is_sent_again() -> None:
    entries = [regime_observation("BULL"), regime_observation("BEAR")]
    outbox = Outbox(WriterSettings(), entries)
    outbox.sent_page()
    assert outbox.answered([ResponseError("no upstream host")] * 2) > 0
    assert (outbox.unconfirmed(), outbox.doubtful(), outbox.page()) == (entries, 0, entries[:1])


def test_a_redis_that_is_away_for_long_is_tried_again_until_the_time_is_up() -> None:
    """Attempt 1,029 of the hour that `timeout_s` may be, after 17 minutes, ended in an OverflowError."""
    trade = trade_result(0.5)
    outbox = Outbox(WriterSettings(timeout_s=3_600.0), [trade])
    assert {outbox.not_sent(ConnectionError("away")) for _ in range(3_600)} == {0.05, 0.1, 0.2, 0.4, 0.8, 1.0}
    assert outbox.page() == [trade]
