"""A service and its shadow compared: over which time, and by the command upon real logs."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import redis
from brute_force import Rows, TradeRow
from click.testing import CliRunner, Result
from past_log import LogEntry, entry_of, said, write_log, write_trades
from patient_redis import PATIENT
from random_memory import memory_of
from redis_contents import contents_of

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.cli.shadow_report import shadow_report
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.what_if.past_advice.log_reader import PastRevisions
from strategic_memory_server.what_if.past_advice.past_revision import past_revision
from strategic_memory_server.what_if.shadow.shadow_report import compare

START_MS = 1_766_296_800_000
BOLD, CALM = Policy.AGGRESSIVE, Policy.BALANCED


def read(*feedbacks: Feedback) -> PastRevisions:
    found = [past_revision(each) for each in feedbacks]
    return PastRevisions(tuple(each for each in found if each is not None), 0)


def test_they_are_compared_from_when_both_have_spoken_under_the_newest_settings_of_the_shadow() -> None:
    service = read(said(1, 10, policy=BOLD), said(2, 20), said(3, 300))
    shadow = read(said(1, 50, epoch="aa-1"), said(2, 100, epoch="bb-1", policy=BOLD), said(3, 200, epoch="bb-2"))
    memory = memory_of(Rows(trades=[TradeRow(time_ms, "BULL", 1.0, "BALANCED") for time_ms in (15, 60, 150, 350)]))
    report = compare(service, shadow, memory, 400)
    assert report is not None
    assert (report.since_ms, report.until_ms) == (100, 400)
    assert (report.service.revisions, report.service.first_said_ms, report.service.trades) == (2, 100, 2)
    assert (report.shadow.revisions, report.shadow.first_said_ms, report.shadow.trades) == (2, 100, 2)
    (stretch,) = report.preferred.newest
    assert (stretch.since_ms, stretch.until_ms, stretch.trades) == (100, 200, 1)


@pytest.mark.parametrize(
    ("service", "shadow", "until_ms"),
    [
        (read(), read(said(1, 1, epoch="a-1")), 9),
        (read(said(1, 1)), read(), 9),
        (read(said(1, 1)), read(said(1, 5, epoch="a-1")), 5),
    ],
)
def test_without_a_time_in_common_there_is_nothing_to_compare(
    service: PastRevisions, shadow: PastRevisions, until_ms: int
) -> None:
    assert compare(service, shadow, memory_of(Rows()), until_ms) is None


@pytest.fixture(autouse=True)
def _log_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is set up for a process of its own, whose standard error is a file."""
    monkeypatch.setattr("strategic_memory_server.cli.shadow_report.set_up_logging", lambda *_: None)


def invoke(url: str, *arguments: str) -> Result:
    return CliRunner(env=PATIENT).invoke(shadow_report, ["--redis-url", url, *arguments])


def logs(client: redis.Redis) -> None:
    """A service that is bold half the time, a shadow that is so all the time, and trades of both kinds."""
    minute = 60_000
    ours = [said(number, START_MS + number * minute, policy=BOLD if number % 2 else CALM) for number in range(1, 41)]
    write_log(client, [entry_of(each) for each in ours])
    theirs: list[LogEntry] = [entry_of(said(1, START_MS + minute, epoch="ab-1", policy=BOLD))]
    keys = LogKeys.of_shadow("quantum")
    client.xadd(keys.log, {"revision": "1", "epoch": "e", "feedback": theirs[0].text}, id="1-0")
    for each, settings in ((LogKeys.under("quantum"), 0), (keys, 5)):
        client.hset(each.state, "settings", json.dumps({"STRATEGIC_MEMORY_HYSTERESIS_RESULTS": settings}))
    random = Random(1)
    write_trades(
        client,
        [
            TradeRow(
                START_MS + number * 7_000,
                "BULL",
                random.choice([0.5, -0.25]),
                random.choice(["BALANCED", "AGGRESSIVE"]),
            )
            for number in range(10, 340)
        ],
    )


def test_the_command_says_when_they_differed_and_what_that_was_worth(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    logs(redis_client)
    done = invoke(redis_server.url, "--json")
    assert done.exit_code == 0, done.output
    found: Any = json.loads(done.stdout)
    assert found["settings"] == ["STRATEGIC_MEMORY_HYSTERESIS_RESULTS is 0 for the service and 5 for the shadow"]
    report = found["report"]
    assert report["since_ms"] == START_MS + 60_000
    assert report["preferred"]["stretches"] == 20
    assert report["preferred"]["newest"][0]["service"] == {"regime": "BULL", "policy": "BALANCED", "leverage": 1.5}
    assert report["preferred"]["as_service"]["trades"] + report["preferred"]["as_shadow"]["trades"] > 100
    assert report["current"]["stretches"] == 0
    assert (report["service"]["revisions"], report["shadow"]["revisions"]) == (40, 1)
    text = invoke(redis_server.url).output
    for said_so in (
        "in 20 stretches",
        "as the shadow advised",
        "What the shadow said",
        "1 revision;",
        "never differed",
    ):
        assert said_so in text


def test_what_cannot_be_compared_is_one_sentence(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    done = invoke(redis_server.url)
    assert (done.exit_code, "STRATEGIC_MEMORY_SHADOW_" in done.output, "Traceback" in done.output) == (1, True, False)
    logs(redis_client)
    assert invoke(redis_server.url, "--key-prefix", "nobody").exit_code == 1
    assert invoke("redis://127.0.0.1:1/0").exit_code == 1
    assert invoke(redis_server.url, "--trades", "0").exit_code == 2
    redis_client.delete(LogKeys.of_shadow("quantum").log)
    redis_client.set(LogKeys.of_shadow("quantum").log, "text")
    done = invoke(redis_server.url)
    assert (done.exit_code, "strategic_feedback:shadow" in done.output) == (1, True)


def test_reading_changes_nothing_in_redis(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    logs(redis_client)
    before = contents_of(redis_client)
    assert invoke(redis_server.url).exit_code == 0
    assert contents_of(redis_client) == before
