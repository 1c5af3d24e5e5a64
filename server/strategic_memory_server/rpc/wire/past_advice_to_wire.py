"""What past advice was worth as messages of the wire; part of `to_wire`."""

from __future__ import annotations

from strategic_memory.v1 import analysis_pb2, past_advice_pb2
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.rpc.wire.message_writer import Writer
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on
from strategic_memory_server.what_if.past_advice.log_reader import PastRevisions
from strategic_memory_server.what_if.past_advice.past_advice import PastAdvice, judge_past_advice

_PAST_ADVICE = Writer(past_advice_pb2.PastAdvice, {"trades_as_of_close": "as_of_close"})
Writer(
    past_advice_pb2.AdviceCalibration,
    {
        "statements": "found.statements",
        "base_rate": "found.base_rate",
        "brier_score": "found.brier_score",
        "expected_calibration_error": "found.expected_calibration_error",
        "bins": "found.bins",
    },
)
Writer(past_advice_pb2.ReliabilityBin, {"frequency_interval": "interval"})
Writer(
    past_advice_pb2.AfterAdvice,
    {
        "mean_change": "change.mean",
        "mean_change_interval": "change.interval",
        "mean_change_method": "change.method",
        "mean_change_block": "change.block_trades",
    },
)
Writer(
    past_advice_pb2.AfterRevision,
    {
        "epoch": "said.epoch",
        "revision": "said.revision",
        "said": "said.said_ms",
        "preferred_regime": "said.preferred_regime",
        "updated_policy": "said.policy",
        "trades_before": "around.trades_before",
        "mean_pnl_before": "around.mean_before",
        "trades_after": "around.trades_after",
        "mean_pnl_after": "around.mean_after",
        "change": "around.change",
    },
)


def add_past_advice(
    message: analysis_pb2.Analysis, past: PastRevisions, memory: StrategicMemory, checkpoint: Checkpoint = go_on
) -> None:
    """Judge past advice, and add what was found to the message of an analysis of the same memory."""
    found = judge_past_advice(past.revisions, past.left_out, memory, checkpoint)
    message.past_advice.CopyFrom(past_advice_message(found))


def past_advice_message(found: PastAdvice) -> past_advice_pb2.PastAdvice:
    """Return what past advice was worth."""
    return _PAST_ADVICE.write(found)
