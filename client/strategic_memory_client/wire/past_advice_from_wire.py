"""What past advice was worth, from the wire; part of `from_wire`."""

from __future__ import annotations

from collections.abc import Mapping

from strategic_memory.v1 import past_advice_pb2
from strategic_memory_client.values.past_advice import (
    AdviceCalibration,
    AdviceSubject,
    AfterAdvice,
    AfterRevision,
    PastAdvice,
    ReliabilityBin,
)
from strategic_memory_client.wire.figures_from_wire import METHODS, interval_from_wire
from strategic_memory_client.wire.policies import POLICIES, RULES
from strategic_memory_client.wire.times import time_from_wire

_SUBJECTS: Mapping[int, AdviceSubject] = {
    past_advice_pb2.ADVICE_SUBJECT_PREFERRED_REGIME: AdviceSubject.PREFERRED_REGIME,
    past_advice_pb2.ADVICE_SUBJECT_CURRENT_REGIME: AdviceSubject.CURRENT_REGIME,
    past_advice_pb2.ADVICE_SUBJECT_EVIDENCE: AdviceSubject.EVIDENCE,
}


def past_advice_from_wire(wire: past_advice_pb2.PastAdvice) -> PastAdvice:
    """Return what past advice was worth."""
    return PastAdvice(
        revisions=wire.revisions,
        left_out=wire.left_out,
        first_said=time_from_wire(wire.first_said) if wire.HasField("first_said") else None,
        last_said=time_from_wire(wire.last_said) if wire.HasField("last_said") else None,
        trades=wire.trades,
        calibrations=tuple(_calibration(each) for each in wire.calibrations),
        after_revisions=_after_advice(wire.after_revisions),
        after_changes=_after_advice(wire.after_changes),
    )


def _calibration(wire: past_advice_pb2.AdviceCalibration) -> AdviceCalibration:
    return AdviceCalibration(
        subject=_SUBJECTS.get(wire.subject),
        rules=RULES.get(wire.rules),
        version=wire.version,
        revisions=wire.revisions,
        run_trades=wire.run_trades,
        statements=wire.statements,
        base_rate=wire.base_rate if wire.HasField("base_rate") else None,
        brier_score=wire.brier_score if wire.HasField("brier_score") else None,
        expected_calibration_error=(
            wire.expected_calibration_error if wire.HasField("expected_calibration_error") else None
        ),
        bins=tuple(_bin(each) for each in wire.bins),
    )


def _bin(wire: past_advice_pb2.ReliabilityBin) -> ReliabilityBin:
    return ReliabilityBin(
        low=wire.low,
        high=wire.high,
        statements=wire.statements,
        mean_confidence=wire.mean_confidence if wire.HasField("mean_confidence") else None,
        frequency=wire.frequency if wire.HasField("frequency") else None,
        frequency_interval=interval_from_wire(wire.frequency_interval) if wire.HasField("frequency_interval") else None,
    )


def _after_advice(wire: past_advice_pb2.AfterAdvice) -> AfterAdvice:
    return AfterAdvice(
        revisions=wire.revisions,
        compared=wire.compared,
        mean_change=wire.mean_change if wire.HasField("mean_change") else None,
        mean_change_interval=(
            interval_from_wire(wire.mean_change_interval) if wire.HasField("mean_change_interval") else None
        ),
        mean_change_method=METHODS.get(wire.mean_change_method),
        mean_change_block=wire.mean_change_block if wire.HasField("mean_change_block") else None,
        newest=tuple(_after_revision(each) for each in wire.newest),
    )


def _after_revision(wire: past_advice_pb2.AfterRevision) -> AfterRevision:
    return AfterRevision(
        epoch=wire.epoch,
        revision=wire.revision,
        said=time_from_wire(wire.said) if wire.HasField("said") else None,
        preferred_regime=wire.preferred_regime,
        updated_policy=POLICIES.get(wire.updated_policy),
        trades_before=wire.trades_before,
        mean_pnl_before=wire.mean_pnl_before if wire.HasField("mean_pnl_before") else None,
        trades_after=wire.trades_after,
        mean_pnl_after=wire.mean_pnl_after if wire.HasField("mean_pnl_after") else None,
        change=wire.change if wire.HasField("change") else None,
    )
