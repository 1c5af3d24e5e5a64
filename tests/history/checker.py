"""Checks a recorded history against every promise of the service. Pure: no socket, no clock, no loop."""

from __future__ import annotations

from history.checks.apart import apart
from history.checks.durable import durable
from history.checks.ended import ended
from history.checks.epoch_honest import epoch_honest
from history.checks.first import first
from history.checks.gap_free import gap_free
from history.checks.gone import gone
from history.checks.latest import latest
from history.checks.ordered import ordered
from history.checks.resumable import resumable
from history.checks.safe import safe
from history.checks.unique import unique
from history.checks.valid import valid
from history.evidence import Check, gather
from history.model import History
from history.promises import Promise, Tolerances, Violation

CHECKS: dict[Promise, Check] = {
    Promise.ORDERED: ordered,
    Promise.UNIQUE: unique,
    Promise.GAP_FREE: gap_free,
    Promise.LATEST: latest,
    Promise.RESUMABLE: resumable,
    Promise.FIRST: first,
    Promise.EPOCH_HONEST: epoch_honest,
    Promise.VALID: valid,
    Promise.SAFE: safe,
    Promise.DURABLE: durable,
    Promise.ENDED: ended,
    Promise.APART: apart,
    Promise.GONE: gone,
}
"""The check of each promise."""


def check(history: History, tolerances: Tolerances | None = None) -> list[Violation]:
    """Return every violation of every promise; none for a history that is as promised."""
    evidence = gather(history, tolerances or Tolerances())
    return [violation for each in CHECKS.values() for violation in each(evidence)]
