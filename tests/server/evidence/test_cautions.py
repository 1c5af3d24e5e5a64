"""Cautions: what limits an estimate is said beside it."""

from __future__ import annotations

from collections.abc import Sequence

from each_case import each_case

from strategic_memory_server.evidence.cautions import Caution, cautions_of


@each_case(
    ("in_regime", "overall", "expected"),
    [
        ((0, 0, 0), (0, 0, 0), {Caution.NOTHING_SEEN}),
        ((0, 0, 0), (5, 5, 5), {Caution.REGIME_NOT_SEEN}),
        ((0, 0, 0), (0, 5, 0), {Caution.REGIME_NOT_SEEN, Caution.ONE_POLICY_ONLY}),
        ((5, 0, 0), (9, 0, 0), {Caution.ONE_POLICY_ONLY, Caution.ONE_POLICY_IN_REGIME}),
        ((5, 0, 0), (9, 1, 0), {Caution.ONE_POLICY_IN_REGIME}),
        ((0, 0, 5), (9, 1, 5), {Caution.ONE_POLICY_IN_REGIME, Caution.NEVER_CONSERVATIVE}),
        ((0, 3, 5), (9, 3, 5), {Caution.NEVER_CONSERVATIVE}),
        ((1, 3, 0), (9, 3, 5), set()),
    ],
)
def test_cautions(in_regime: Sequence[int], overall: Sequence[int], expected: set[Caution]) -> None:
    found = cautions_of(in_regime, overall)
    assert set(found) == expected
    assert len(found) == len(expected)
