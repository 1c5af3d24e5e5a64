"""Policies and rules by their numbers on the wire."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client.values.results import Policy, Rules

_log = logging.getLogger("strategic_memory_client")

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


@functools.lru_cache(maxsize=64)
def tell_unknown(field: str, number: int) -> None:
    """Tell in the log, once in a program, that a server says what this library has no name for."""
    _log.warning(
        "the service says %s %d, which this version of the client library does not know: the safe values are read in "
        "its place; bring the library up to date",
        field,
        number,
    )
