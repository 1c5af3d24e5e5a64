"""Past advice in the answers of a real service: of what it has said itself, and of a log as long as it may be."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import redis
from advice import evidence_view
from brute_force import TradeRow
from conftest import StartService
from past_log import entry_of, said, write_log, write_trades
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback, get_text, stub_of
from system.impatient import served_beside

from strategic_memory.v1 import analysis_pb2, feedback_pb2, past_advice_pb2, service_pb2

pytestmark = [pytest.mark.system, pytest.mark.least_user]

LONGEST = 10_000
PAGE = 1_000
EVIDENCE = {"STRATEGIC_MEMORY_RULES": "evidence"}
TRIES = 10


def ask(
    service: ServiceProcess, settings: analysis_pb2.AnalysisSettings, timeout_s: float = 30
) -> past_advice_pb2.PastAdvice:
    with stub_of(service) as stub:
        return stub.Analyze(service_pb2.AnalyzeRequest(settings=settings), timeout=timeout_s).analysis.past_advice


def test_a_service_is_judged_by_what_it_has_said_itself(start_service: StartService, redis_client: redis.Redis) -> None:
    """BULL pays by a mean of 0.5 under BALANCED: the evidence comes to say so, and so it goes on."""
    service = start_service(sync_interval_s=0.1, env=EVIDENCE)
    add_regime(redis_client, "BULL", 0.5)
    for _ in range(3):
        for place in range(25):
            add_trade(redis_client, "BULL", (1.5, -0.5)[place % 2], policy="BALANCED")
            add_trade(redis_client, "BULL", (0.5, -0.5)[place % 2], policy="CONSERVATIVE")
        wait_until_remembered(service, redis_client)
    before = get_feedback(service)
    assert before.updated_policy == feedback_pb2.POLICY_BALANCED
    eventually(lambda: _milliseconds(redis_client) > before.timestamp.ToMilliseconds())
    for _ in range(21):
        add_trade(redis_client, "BULL", 0.75, policy="BALANCED")
    wait_until_remembered(service, redis_client)
    found = ask(service, analysis_pb2.AnalysisSettings(trade_window=1_000, past_revisions=1_000))
    assert found.revisions >= 4, "each round has changed what is said"
    assert found.left_out == 0
    by_subject = {each.subject: each for each in found.calibrations}
    assert set(by_subject) == set(past_advice_pb2.AdviceSubject.values()[1:])
    current = by_subject[past_advice_pb2.ADVICE_SUBJECT_CURRENT_REGIME]
    assert (current.rules, current.version) == (feedback_pb2.RULES_EVIDENCE, "evidence-1.0.0")
    # Any 20 trades in a row under BALANCED have earned something.
    assert current.statements >= 1
    assert current.base_rate == 1.0
    assert found.after_changes.newest[-1].updated_policy == feedback_pb2.POLICY_BALANCED
    assert found.after_changes.newest[-1].change > 0


def wait_until_remembered(service: ServiceProcess, client: redis.Redis) -> None:
    """Until all trades are part of what is said."""
    count = int(client.xlen("quantum:stream:trade.results"))
    eventually(lambda: get_feedback(service).evidence.observations == count, what=f"{count} trades are remembered")


def _milliseconds(client: redis.Redis) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1_000 + int(microseconds) // 1_000


@pytest.fixture
def long_past(start_service: StartService, redis_client: redis.Redis) -> ServiceProcess:
    """A service beside a log as long as it is kept by default, of entries as large as they are."""
    view, reasons = evidence_view(), said(1, 1).advice.reasons * 6
    for first in range(1, LONGEST + 1, PAGE):
        revisions = [said(revision, 10 * revision, confidence=0.75) for revision in range(first, first + PAGE)]
        told = [replace(one, advice=replace(one.advice, evidence=view, reasons=reasons)) for one in revisions]
        write_log(redis_client, [entry_of(one) for one in told])
    write_trades(redis_client, [TradeRow(10 * place + 5, "BULL", 0.5, "BALANCED", "") for place in range(LONGEST)])
    return start_service(arguments=("--role", "serve"), env=PATIENT)


def pages_read(client: redis.Redis) -> int:
    stats: Any = client.info("commandstats")
    return int(stats.get("cmdstat_xrevrange", {}).get("calls", 0))


def test_the_longest_log_holds_nobody_up(long_past: ServiceProcess) -> None:
    settings = analysis_pb2.AnalysisSettings(trade_window=LONGEST, past_revisions=LONGEST)
    found = served_beside(long_past, lambda: ask(long_past, settings, timeout_s=60), 3)
    # The first trade came before the first revision.
    assert (found.revisions, found.trades, found.left_out) == (LONGEST, LONGEST - 1, 0)
    (preferred,) = [
        each for each in found.calibrations if each.subject == past_advice_pb2.ADVICE_SUBJECT_PREFERRED_REGIME
    ]
    assert (preferred.statements, preferred.base_rate, preferred.brier_score) == ((LONGEST - 1) // 20, 1.0, 0.0625)


def test_a_deadline_that_passes_ends_the_reading(long_past: ServiceProcess, redis_client: redis.Redis) -> None:
    settings = analysis_pb2.AnalysisSettings(trade_window=LONGEST, past_revisions=LONGEST)
    read = whole = pages_of_one_answer(long_past, redis_client, settings)
    # Again, where the end of the reading came before that of its caller.
    for _ in range(TRIES):
        redis_client.config_resetstat()
        before = ended(long_past)
        with stub_of(long_past) as stub:
            asked = stub.Analyze.future(service_pb2.AnalyzeRequest(settings=settings), timeout=60)
            # Well into the log: the windows take a fifth of the pages.
            eventually(lambda: pages_read(redis_client) > whole // 2)
            asked.cancel()
        eventually(partial(has_ended, long_past, before))
        if (read := pages_read(redis_client)) < whole:
            break
    assert read < whole
    # Others are answered at once, and nothing is read on.
    assert ask(long_past, analysis_pb2.AnalysisSettings(past_revisions=0)).revisions == 0
    assert pages_read(redis_client) < read + whole // 10


def pages_of_one_answer(service: ServiceProcess, client: redis.Redis, settings: analysis_pb2.AnalysisSettings) -> int:
    before = ended(service)
    client.config_resetstat()
    assert ask(service, settings).revisions == LONGEST
    eventually(partial(has_ended, service, before))
    return pages_read(client)


def ended(service: ServiceProcess) -> float:
    """Analyses that have ended, either way."""
    return handled(service, "Analyze", "Canceled") + handled(service, "Analyze", "OK")


def has_ended(service: ServiceProcess, before: float) -> bool:
    """Whether one more analysis has ended."""
    return ended(service) > before


def handled(service: ServiceProcess, method: str, code: str) -> float:
    """Calls of a method that have ended with a code."""
    wanted = (f'grpc_method="{method}"', f'grpc_code="{code}"')
    lines = get_text(service, "/metrics").splitlines()
    found = [line for line in lines if line.startswith("grpc_server_handled_total") and all(w in line for w in wanted)]
    return sum(float(line.rpartition(" ")[2]) for line in found)
