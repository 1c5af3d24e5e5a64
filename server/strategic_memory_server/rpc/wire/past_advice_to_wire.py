"""What past advice was worth as messages of the wire; part of `to_wire`."""

from __future__ import annotations

from collections.abc import Mapping

from strategic_memory.v1 import analysis_pb2, past_advice_pb2
from strategic_memory_server.figures.after_revisions import AfterRevision
from strategic_memory_server.figures.calibration import ReliabilityBin
from strategic_memory_server.figures.judged_runs import RUN_TRADES
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.rpc.wire.figures_to_wire import METHODS, interval_message
from strategic_memory_server.rpc.wire.to_wire import timestamp
from strategic_memory_server.rpc.wire.wire_names import POLICIES, RULES
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on
from strategic_memory_server.what_if.past_advice.judged_statements import AdviceCalibration
from strategic_memory_server.what_if.past_advice.log_reader import PastRevisions
from strategic_memory_server.what_if.past_advice.past_advice import AfterAdvice, PastAdvice, judge_past_advice
from strategic_memory_server.what_if.past_advice.past_revision import PastRevision, Subject

SUBJECTS: Mapping[Subject, past_advice_pb2.AdviceSubject.ValueType] = {
    Subject.PREFERRED_REGIME: past_advice_pb2.ADVICE_SUBJECT_PREFERRED_REGIME,
    Subject.CURRENT_REGIME: past_advice_pb2.ADVICE_SUBJECT_CURRENT_REGIME,
    Subject.EVIDENCE: past_advice_pb2.ADVICE_SUBJECT_EVIDENCE,
}


def add_past_advice(
    message: analysis_pb2.Analysis, past: PastRevisions, memory: StrategicMemory, checkpoint: Checkpoint = go_on
) -> None:
    """Judge past advice, and add what was found to the message of an analysis of the same memory."""
    found = judge_past_advice(past.revisions, past.left_out, memory, checkpoint)
    message.past_advice.CopyFrom(past_advice_message(found))


def past_advice_message(found: PastAdvice) -> past_advice_pb2.PastAdvice:
    """Give what past advice was worth."""
    return past_advice_pb2.PastAdvice(
        revisions=found.revisions,
        left_out=found.left_out,
        first_said=timestamp(found.first_said_ms),
        last_said=timestamp(found.last_said_ms),
        trades=found.trades,
        calibrations=[_calibration(each) for each in found.calibrations],
        after_revisions=_after_advice(found.after_revisions),
        after_changes=_after_advice(found.after_changes),
    )


def _calibration(judged: AdviceCalibration) -> past_advice_pb2.AdviceCalibration:
    return past_advice_pb2.AdviceCalibration(
        subject=SUBJECTS[judged.subject],
        rules=RULES[judged.rules],
        version=judged.version,
        revisions=judged.revisions,
        run_trades=RUN_TRADES,
        statements=judged.found.statements,
        base_rate=judged.found.base_rate,
        brier_score=judged.found.brier_score,
        expected_calibration_error=judged.found.expected_calibration_error,
        bins=[_bin(each) for each in judged.found.bins],
    )


def _bin(found: ReliabilityBin) -> past_advice_pb2.ReliabilityBin:
    return past_advice_pb2.ReliabilityBin(
        low=found.low,
        high=found.high,
        statements=found.statements,
        mean_confidence=found.mean_confidence,
        frequency=found.frequency,
        frequency_interval=interval_message(found.interval),
    )


def _after_advice(found: AfterAdvice) -> past_advice_pb2.AfterAdvice:
    return past_advice_pb2.AfterAdvice(
        revisions=found.revisions,
        compared=found.compared,
        mean_change=found.change.mean,
        mean_change_interval=interval_message(found.change.interval),
        mean_change_method=METHODS[found.change.method],
        mean_change_block=found.change.block_trades,
        newest=[_after_revision(revision, around) for revision, around in found.newest],
    )


def _after_revision(revision: PastRevision, around: AfterRevision) -> past_advice_pb2.AfterRevision:
    return past_advice_pb2.AfterRevision(
        epoch=revision.epoch,
        revision=revision.revision,
        said=timestamp(revision.said_ms),
        preferred_regime=revision.preferred_regime,
        updated_policy=POLICIES[revision.policy],
        trades_before=around.trades_before,
        mean_pnl_before=around.mean_before,
        trades_after=around.trades_after,
        mean_pnl_after=around.mean_after,
        change=around.change,
    )
