"""The newest revisions as columns: read once from the log, then kept up from what the server knows."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import pytest
import redis
from advice import feedback
from conftest import StartService
from patient_redis import PATIENT
from processes import eventually
from redis_inputs import add_regime
from service_calls import get_json_from

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.page.revision_history import RevisionHistory
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState


class Log:
    """A log, of which a Redis that was slow once gives less at a time than is asked for."""

    def __init__(self, said: list[Feedback]) -> None:
        self.said = said
        self.read, self.goes_on = asyncio.Event(), asyncio.Event()
        self.goes_on.set()

    async def read_before(self, entry_id: str | None, count: int) -> list[tuple[bytes, Feedback]]:
        end = len(self.said) if entry_id is None else int(entry_id.partition("-")[0])
        entries = [(b"%d-0" % place, self.said[place]) for place in range(end)]
        self.read.set()
        await self.goes_on.wait()
        return entries[::-1][: min(count, 3)]

    def decode(self, entries: list[tuple[bytes, Feedback]]) -> list[Feedback]:
        return [each for _, each in entries]


def hub_of(said: list[Feedback]) -> FeedbackHub:
    hub = FeedbackHub("1.0.0", 1)
    load(hub, said)
    return hub


def load(hub: FeedbackHub, said: list[Feedback]) -> None:
    newest = said[-1]
    state = LogState(newest.epoch, newest.revision, said[0].revision, newest.times, epoch_start=said[0].revision)
    assert hub.load(LogSnapshot(state, (newest,), "0-0", "0-0"))


async def test_all_of_it_is_read_where_less_arrives_at_once_than_is_asked_for() -> None:
    log: Any = Log([feedback(revision) for revision in range(1, 9)])
    found = json.loads(await RevisionHistory(log, hub_of(log.said)).newest())
    assert found["revision"] == list(range(1, 9))


async def test_an_epoch_that_begins_while_the_log_is_read_is_shown() -> None:
    log: Any = Log([feedback(1)])
    hub = hub_of(log.said)
    history = RevisionHistory(log, hub)
    log.goes_on.clear()
    asked = asyncio.create_task(history.newest())
    async with asyncio.timeout(30):
        await log.read.wait()
        log.said = [feedback(2, "e2")]
        load(hub, log.said)
        another = asyncio.create_task(history.newest())
        await asyncio.sleep(0)
        log.goes_on.set()
        assert await asked == await another
    found = json.loads(await another)
    assert (found["epoch"], found["revision"]) == ("e2", [2])


async def test_what_was_said_while_nobody_looked_is_not_asked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a month without a page it could be a million revisions, while everything else waits."""
    log: Any = Log([feedback(revision) for revision in range(1, 4)])
    hub = hub_of(log.said)
    history = RevisionHistory(log, hub)
    await history.newest()
    log.said = [feedback(revision) for revision in range(1_000_001, 1_000_004)]
    load(hub, log.said)
    asked, recent = list[int](), hub.recent

    def counted(revision: int) -> Feedback | None:
        asked.append(revision)
        return recent(revision)

    monkeypatch.setattr(hub, "recent", counted)
    assert json.loads(await history.newest())["revision"] == [1_000_001, 1_000_002, 1_000_003]
    assert len(asked) < 10


@pytest.mark.processes
def test_it_goes_on_with_the_log_and_begins_anew_with_an_epoch(
    redis_client: redis.Redis, start_service: StartService
) -> None:
    service = start_service(sync_interval_s=0.2, env=PATIENT)

    def columns() -> dict[str, list[object]]:
        return get_json_from(service.http_address, "/page/revisions")

    def longer_than(revisions: int) -> list[object] | None:
        found = columns()["revision"]
        return found if len(found) > revisions else None

    assert columns()["revision"] == []
    for number in range(8):
        for _ in range(3):
            add_regime(redis_client, "BULL", 0.1 + number / 10)
        stands_at = eventually(partial(longer_than, number), what="another revision")
        assert stands_at == list(range(1, len(stands_at) + 1))
    logged = redis_client.xlen("quantum:stream:strategic_feedback")
    found = eventually(lambda: seen if len((seen := columns())["revision"]) >= logged else None)
    assert {len(found[name]) for name in found.keys() - {"epoch", "policies"}} == {len(found["revision"])}
    assert set(found["preferred"]) == {"BULL"}
    before = found["epoch"]
    redis_client.flushall()
    for _ in range(3):
        add_regime(redis_client, "RANGE", 0.2)
    eventually(lambda: columns()["epoch"] != before and columns()["revision"], what="another epoch")
    assert set(columns()["preferred"]) == {"RANGE"}
