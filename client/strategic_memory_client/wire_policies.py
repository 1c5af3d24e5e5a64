"""Policies and rules by their numbers on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client.results import Policy, Rules

POLICIES: Mapping[int, Policy] = {
    feedback_pb2.POLICY_CONSERVATIVE: Policy.CONSERVATIVE,
    feedback_pb2.POLICY_BALANCED: Policy.BALANCED,
    feedback_pb2.POLICY_AGGRESSIVE: Policy.AGGRESSIVE,
}

RULES: Mapping[int, Rules] = {
    feedback_pb2.RULES_UNSPECIFIED: Rules.REFERENCE,
    feedback_pb2.RULES_REFERENCE: Rules.REFERENCE,
    feedback_pb2.RULES_EVIDENCE: Rules.EVIDENCE,
}
