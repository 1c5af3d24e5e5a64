"""Where a violation ends and an excuse begins: portfolios that are not named for a time."""

from __future__ import annotations

from history.checker import check
from history.model import Absence, End, History, Refusal, Restart, Stream, Subscriber
from history.promises import Promise
from history.small_history import SERVER, THREE, at, beat, brought, stream

GONE = Absence(at(4), at(5), at(8), at(9))
UNKNOWN = Refusal("strategic_memory.v1", "UNKNOWN_PORTFOLIO")


def broken(*streams: Stream, absence: Absence = GONE, restarts: tuple[Restart, ...] = ()) -> set[Promise]:
    history = History(THREE, subscribers=(Subscriber("s", streams),), absences=(absence,), restarts=restarts)
    return {violation.promise for violation in check(history)}


def refused(at_s: float, code: str = "NOT_FOUND", refusal: Refusal | None = UNKNOWN) -> Stream:
    return stream(3.2, brought(3, 3.5), end=End(at(at_s), code, "there is no such portfolio", refusal))


def test_a_server_may_refuse_from_when_it_is_named_no_more_until_all_know_it_again() -> None:
    assert [broken(refused(at_s)) for at_s in (4.1, 6, 8.9)] == [set()] * 3
    assert [broken(refused(at_s)) for at_s in (3.9, 9.1)] == [{Promise.ENDED}] * 2


def test_it_says_so_and_nothing_else() -> None:
    assert broken(refused(4.1, "INTERNAL")) == {Promise.ENDED, Promise.GONE}
    assert broken(refused(4.1, "UNAVAILABLE")) == {Promise.GONE}
    assert broken(refused(4.1, refusal=None)) == {Promise.ENDED}
    assert broken(refused(4.1, refusal=Refusal("strategic_memory.v1", "DRAINING"))) == {Promise.ENDED}


def test_servers_may_speak_until_all_have_noticed_and_once_it_is_named_again() -> None:
    for at_s, found in ((4.9, set()), (5.1, {Promise.GONE}), (7.9, {Promise.GONE}), (8.1, set())):
        assert broken(stream(3.2, brought(3, 3.5), beat(3, at_s))) == found


def test_where_nobody_waited_for_it_servers_may_not_have_noticed() -> None:
    assert broken(stream(3.2, brought(3, 3.5), beat(3, 20)), absence=Absence(at(4))) == set()


def test_a_stream_ends_otherwise_before_and_after_and_with_its_server() -> None:
    assert [broken(refused(at_s, "UNAVAILABLE")) for at_s in (3.9, 5.1)] == [set()] * 2
    assert broken(refused(9.5, "UNAVAILABLE"), absence=Absence(at(4), until_ms=at(8), known_ms=at(9))) == set()
    assert broken(refused(7.5, "UNAVAILABLE"), absence=Absence(at(4), until_ms=at(8))) == {Promise.GONE}
    killed, other = Restart(SERVER, at(4.5)), Restart("127.0.0.1:1002", at(4.5))
    assert broken(refused(4.1, "UNAVAILABLE"), restarts=(killed,)) == set()
    assert broken(refused(4.1, "UNAVAILABLE"), restarts=(other,)) == {Promise.GONE}
    assert broken(stream(4.1, end=End(at(4.2), "UNAVAILABLE"))) == set(), "it had not begun"
