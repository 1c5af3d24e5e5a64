"""What the enums of the domain are called on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.memory.policy import Policy

POLICIES: Mapping[Policy | None, feedback_pb2.Policy.ValueType] = {
    None: feedback_pb2.POLICY_UNSPECIFIED,
    Policy.CONSERVATIVE: feedback_pb2.POLICY_CONSERVATIVE,
    Policy.BALANCED: feedback_pb2.POLICY_BALANCED,
    Policy.AGGRESSIVE: feedback_pb2.POLICY_AGGRESSIVE,
}

RULES: Mapping[Rules, feedback_pb2.Rules.ValueType] = {
    Rules.REFERENCE: feedback_pb2.RULES_REFERENCE,
    Rules.EVIDENCE: feedback_pb2.RULES_EVIDENCE,
}
