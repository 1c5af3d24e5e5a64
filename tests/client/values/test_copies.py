"""What is handed to another process, or copied on the way, arrives whole."""

from __future__ import annotations

import copy
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import is_dataclass, replace
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest
from client.feedback_samples import feedback, heartbeat

import strategic_memory_client
from strategic_memory_client import (
    Backoff,
    ClientOptions,
    Evidence,
    FeedbackReceived,
    FieldViolation,
    HeartbeatReceived,
    InvalidRequestError,
    Policy,
    PolicyEvidence,
    Reason,
    RegimeAdvice,
    ResumePoint,
    ResumePointError,
    RevisionGapError,
    ServiceUnavailableError,
    StrategicMemoryError,
    TlsOptions,
)
from strategic_memory_client.values.unchanging import Unchanging

MADE_OF_MORE: dict[type[StrategicMemoryError], dict[str, Any]] = {
    ServiceUnavailableError: {"reason": "DRAINING"},
    InvalidRequestError: {"violations": [FieldViolation("settings.trade_window", "is 0")]},
    ResumePointError: {"reason": "EPOCH_CHANGED", "oldest": 3, "current": 9, "epoch": "e2"},
    RevisionGapError: {"expected": 4, "received": 6},
}


def through_a_pipe(protocol: int) -> Callable[[Any], Any]:
    return lambda value: ForkingPickler.loads(ForkingPickler.dumps(value, protocol))


COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    *map(through_a_pipe, range(6)),
]


def errors() -> list[StrategicMemoryError]:
    public = [getattr(strategic_memory_client, name) for name in strategic_memory_client.__all__]
    kinds = [kind for kind in public if isinstance(kind, type) and issubclass(kind, StrategicMemoryError)]
    return [kind("what to do", address="127.0.0.1:50051", **MADE_OF_MORE.get(kind, {})) for kind in kinds]


@pytest.mark.parametrize("error", errors(), ids=lambda error: type(error).__name__)
def test_every_public_error_survives_being_copied(error: StrategicMemoryError) -> None:
    error.add_note("asked by worker 3")
    for copied in [make(error) for make in COPIES]:
        assert type(copied) is type(error)
        assert (str(copied), copied.args, vars(copied)) == ("what to do", error.args, vars(error))


def cannot_resume() -> None:
    raise ResumePointError("start without a resume point", reason="EPOCH_CHANGED", epoch="e2")


@pytest.mark.processes
def test_an_error_of_a_worker_process_reaches_whoever_asked_it() -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as executor, pytest.raises(ResumePointError) as by_executor:
        executor.submit(cannot_resume).result(timeout=60)
    with spawn.Pool(1) as pool, pytest.raises(ResumePointError) as by_pool:
        pool.apply_async(cannot_resume).get(timeout=60)
    assert by_executor.value.epoch == by_pool.value.epoch == "e2"


def test_a_copy_of_what_never_changes_is_itself() -> None:
    figures = PolicyEvidence(Policy.BALANCED, 9, 8.5, 0.1, -0.2, 0.4, 0.05, 0.95, 0.97, 0.9, 0)
    advice = replace(
        feedback(),
        reasons=(Reason("POLICY_RULE", "BULL pays."),),
        current=RegimeAdvice("BULL", Policy.BALANCED, 0.7, 1.75),
        evidence=Evidence("BULL", Policy.BALANCED, 0.8, 0.7, None, (figures,)),
    )
    for value in (advice, *advice.reasons, advice.current, advice.evidence, figures, heartbeat(), ResumePoint(1)):
        assert copy.copy(value) is copy.deepcopy(value) is value
        assert ForkingPickler.loads(ForkingPickler.dumps(value)) == value
    infos = copy.deepcopy([{"advice": advice}])
    assert infos[0]["advice"] is advice
    for event in (FeedbackReceived(advice), HeartbeatReceived(heartbeat())):
        assert copy.deepcopy(event) is event


def test_every_public_value_that_cannot_change_is_its_own_copy() -> None:
    public = [getattr(strategic_memory_client, name) for name in strategic_memory_client.__all__]
    values = {kind for kind in public if isinstance(kind, type) and is_dataclass(kind)}
    copied = {kind.__name__ for kind in values if not issubclass(kind, Unchanging)}
    # These hold an error, a mapping or what the program has given as a column.
    assert copied == {
        "Analysis",
        "AnalysisResult",
        "Context",
        "Disconnected",
        "InlineMemory",
        "PortfolioColumns",
        "RegimeColumns",
        "SourceReport",
        "TradeColumns",
    }
    options = ClientOptions(tls=TlsOptions(root_certificates=Path("ca.pem")), backoff=Backoff(0.1, 1.0))
    assert copy.deepcopy(options) is copy.copy(options) is options
    assert ForkingPickler.loads(ForkingPickler.dumps(options)) == options
