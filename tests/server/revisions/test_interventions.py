"""What operators have said, as the leader follows it and as any server writes it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis.asyncio
from advice import NOW_MS, advice
from looking import has_changed
from redis.exceptions import ResponseError

from strategic_memory_server.advice.intervention import NO_INTERVENTION, Intervention
from strategic_memory_server.columns.stream_position import LAST_ID
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.memory.override import Freeze, Override
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.intervention_text import (
    intervention_of,
    intervention_of_text,
    intervention_text,
    said_text,
)
from strategic_memory_server.revisions.interventions import LOST, UNREADABLE, Interventions
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.said_log import HIGHEST_NUMBER, AuditEntry, ConflictError, MovedError, SaidLog

KEYS = LogKeys.under("quantum")
BY = AuditEntry("desk", "SetOverride", "why")
LOWER = Override(Policy.BALANCED, 0.5, False, "why", "desk", NOW_MS, NOW_MS + 60_000)
FREEZE = Freeze(7, "e1", "why", "desk", NOW_MS, NOW_MS + 60_000)
FIRST = Intervention(1, LOWER)


@pytest.fixture
def said_log(async_client: redis.asyncio.Redis) -> SaidLog:
    return SaidLog(async_client, "quantum")


@pytest.fixture
def followed(async_client: redis.asyncio.Redis) -> Interventions:
    return Interventions(async_client, "quantum", Problems(), lambda: NOW_MS)


@pytest.mark.parametrize(
    "said", [NO_INTERVENTION, Intervention(9), FIRST, Intervention(2, LOWER, FREEZE, advice("held"))]
)
def test_what_is_written_is_read_back(said: Intervention) -> None:
    assert intervention_of_text(intervention_text(said).encode()) == said
    assert intervention_of(said.number, said_text(said).encode()) == said


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"x",
        b"1 {}",
        b"1 []",
        b"99999999999999999999",
        intervention_text(FIRST).replace("0.5", "2.5").encode(),
        intervention_text(FIRST).replace("0.5", "NaN").encode(),
        intervention_text(replace(FIRST, override=replace(LOWER, until_ms=NOW_MS + 86_400_001))).encode(),
        intervention_text(replace(FIRST, override=replace(LOWER, until_ms=NOW_MS))).encode(),
        intervention_text(replace(FIRST, override=replace(LOWER, reason="x" * 257))).encode(),
        intervention_text(Intervention(1, None, FREEZE, advice("held", leverage_hint=3.0))).encode(),
        intervention_text(Intervention(1, None, FREEZE, None)).encode(),
    ],
)
def test_what_no_operator_can_have_said_is_not_known(text: bytes) -> None:
    assert intervention_of_text(text) is None


async def test_the_newest_that_was_said_is_followed(
    followed: Interventions, said_log: SaidLog, async_client: redis.asyncio.Redis
) -> None:
    assert (await followed.fresh(), followed.heads) == (NO_INTERVENTION, {KEYS.interventions: "0-0"})
    await said_log.write(FIRST, BY)
    assert await has_changed(followed, async_client)
    assert (followed.known, followed.heads) == (FIRST, {KEYS.interventions: "1-0"})
    assert not await has_changed(followed, async_client)
    await said_log.write(Intervention(2), BY)
    # What was read a moment ago is taken for granted.
    assert await followed.fresh() == FIRST
    followed.expire()
    assert await followed.fresh() == Intervention(2)
    assert await said_log.newest() == Intervention(2)


async def test_what_holds_holds_without_its_stream_and_that_is_told(
    followed: Interventions, said_log: SaidLog, async_client: redis.asyncio.Redis
) -> None:
    problems = followed._problems
    await said_log.write(FIRST, BY)
    await followed.read()
    await async_client.delete(KEYS.interventions)
    await followed.read()
    assert (followed.known, list(problems.standing)) == (FIRST, [LOST])
    await async_client.set(KEYS.interventions, "in the way")
    await followed.read()
    assert (followed.known, list(problems.standing), followed.heads) == (FIRST, [UNREADABLE], {})
    await async_client.delete(KEYS.interventions)
    await async_client.xadd(KEYS.interventions, {"intervention": "{}"}, id="5-0")
    await followed.read()
    assert (followed.known, list(problems.standing)) == (FIRST, [UNREADABLE])
    assert followed.heads == {KEYS.interventions: "5-0"}
    # What has ended, or was never there, is missed by nobody.
    await async_client.delete(KEYS.interventions)
    later = Interventions(async_client, "quantum", problems, lambda: NOW_MS + 60_000)
    later.learn(FIRST)
    await later.read()
    assert list(problems.standing) == []


async def test_of_what_a_later_version_has_written_it_is_told_whether_anything_holds(
    async_client: redis.asyncio.Redis, said_log: SaidLog
) -> None:
    problems = Problems()
    await said_log.write(FIRST, BY)
    knows = Interventions(async_client, "quantum", problems, lambda: NOW_MS)
    await knows.read()
    later = said_text(replace(FIRST, number=2)).replace("BALANCED", "OF_A_LATER_VERSION")
    await async_client.xadd(KEYS.interventions, {"intervention": later}, id="2-0")
    await knows.read()
    assert "what was last known of overrides holds" in problems.standing[UNREADABLE]
    begun = Interventions(async_client, "quantum", problems, lambda: NOW_MS)
    await begun.read()
    assert begun.known == NO_INTERVENTION
    assert "so none is in force: find out who writes there, another program or a later" in problems.standing[UNREADABLE]


async def test_a_redis_that_has_no_time_is_no_other_program_that_writes_what_operators_say(
    followed: Interventions, said_log: SaidLog
) -> None:
    await followed.read()
    await said_log.write(FIRST, BY)
    followed.expire()
    followed.ask()
    with pytest.raises(ResponseError, match="BUSY"):
        followed.take([ResponseError("BUSY Redis is busy running a script")])
    assert followed._problems.standing == {}
    # Nothing was read, so nothing that was read holds for a while.
    assert await followed.fresh() == FIRST


async def test_what_another_server_acted_upon_is_learnt_unless_something_newer_is_known(
    followed: Interventions,
) -> None:
    followed.learn(FIRST)
    followed.learn(None)
    followed.learn(NO_INTERVENTION)
    assert followed.known == FIRST
    assert followed.ends_in_s() == pytest.approx(59.75)


async def test_no_number_is_written_twice(said_log: SaidLog) -> None:
    await said_log.write(FIRST, BY)
    with pytest.raises(ConflictError):
        await said_log.write(Intervention(1), BY)
    assert await said_log.newest() == FIRST


async def test_numbers_go_on_above_what_was_acted_upon_where_the_stream_is_gone(
    said_log: SaidLog, async_client: redis.asyncio.Redis
) -> None:
    acted_upon = replace(FIRST, number=7)
    await async_client.hset(KEYS.state, "intervention", intervention_text(acted_upon))
    assert await said_log.newest() == acted_upon
    with pytest.raises(ConflictError):
        await said_log.write(FIRST, BY)
    await said_log.write(Intervention(8), BY)
    assert await said_log.newest() == Intervention(8)


async def test_an_operator_is_heard_where_redis_has_lost_what_was_acted_upon(
    followed: Interventions, said_log: SaidLog
) -> None:
    acted_upon = replace(FIRST, number=7)
    followed.learn(acted_upon)
    assert await said_log.newest(acted_upon) == acted_upon
    said = Intervention(8, replace(LOWER, leverage=0.2))
    await said_log.write(said, BY)
    assert await followed.fresh() == said
    assert await said_log.newest(acted_upon) == said


@pytest.mark.parametrize(("said_ms", "is_heard"), [(NOW_MS - 1, False), (NOW_MS + 1, True)])
async def test_numbers_from_below_are_of_a_backup_or_said_since(
    said_ms: int, is_heard: bool, followed: Interventions, said_log: SaidLog
) -> None:
    acted_upon = Intervention(7)
    followed.learn(acted_upon)
    said = replace(FIRST, override=replace(LOWER, set_at_ms=said_ms))
    await said_log.write(said, BY)
    assert await followed.fresh() == (said if is_heard else acted_upon)


async def test_a_foreign_entry_takes_a_number_and_says_nothing(
    said_log: SaidLog, async_client: redis.asyncio.Redis
) -> None:
    await async_client.hset(KEYS.state, "intervention", intervention_text(FIRST))
    await async_client.xadd(KEYS.interventions, {"any": "thing"}, id="1766296800000-0")
    assert await said_log.newest() == replace(FIRST, number=1766296800000)
    await said_log.write(Intervention(1766296800001), BY)
    assert await said_log.newest() == Intervention(1766296800001)


async def test_only_what_is_in_force_is_held(said_log: SaidLog, async_client: redis.asyncio.Redis) -> None:
    held = Intervention(1, None, FREEZE, advice("held"))
    for epoch, revision in (("e1", "8"), ("e2", "7")):
        await async_client.hset(KEYS.state, items=["epoch", epoch, "revision", revision])
        with pytest.raises(MovedError):
            await said_log.write(held, BY, is_new_freeze=True)
    await async_client.hset(KEYS.state, items=["epoch", "e1", "revision", "7"])
    await said_log.write(held, BY, is_new_freeze=True)
    assert await said_log.newest() == held


async def test_a_key_of_another_type_is_told_by_name(said_log: SaidLog, async_client: redis.asyncio.Redis) -> None:
    await async_client.set(KEYS.interventions, "in the way")
    with pytest.raises(ResponseError, match=f"WRONGTYPE {KEYS.interventions}"):
        await said_log.write(FIRST, BY)
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await said_log.newest()


def test_a_document_of_another_program_is_refused() -> None:
    with pytest.raises(MalformedFeedbackError):
        intervention_of(1, b'{"override": 1}')


@pytest.mark.parametrize("entry_id", [LAST_ID.decode(), f"{HIGHEST_NUMBER}-0", f"{HIGHEST_NUMBER + 1}-0"])
async def test_an_operator_is_heard_where_another_program_has_left_no_room_for_numbers(
    entry_id: str, followed: Interventions, said_log: SaidLog, async_client: redis.asyncio.Redis
) -> None:
    await said_log.write(FIRST, BY)
    await async_client.hset(KEYS.state, "intervention", intervention_text(FIRST))
    await async_client.xadd(KEYS.interventions, {"anything": "else"}, id=entry_id)
    await followed.read()
    assert list(followed._problems.standing) == [UNREADABLE]
    assert await said_log.newest() == FIRST
    await said_log.write(Intervention(2), BY)
    followed.expire()
    assert await followed.fresh() == Intervention(2)
    assert followed._problems.standing == {}
