"""What a revision rests on, as text, and what its digests tell apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures
from strategic_memory_server.basis.basis import (
    Basis,
    MemoryMark,
    basis_of_text,
    digest_of_analysis,
    digest_of_settings,
    digest_of_sums,
)
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.inputs.stretch import Stretch
from strategic_memory_server.memory.policy import Policy

WINDOW = Stretch("1764408000000-0", "1764408012345-12", 50)
BASIS = Basis((WINDOW, None, WINDOW), "0" * 16, MemoryMark("1764408012345-12", 1_000_000, "1" * 16), "2" * 16)


@pytest.mark.parametrize("basis", [BASIS, replace(BASIS, exploration='{"BULL": 1}', may_explore=False)])
def test_what_is_written_is_read_back(basis: Basis) -> None:
    assert basis_of_text(basis.as_text().encode()) == basis


def test_an_entry_bears_little_more_for_it() -> None:
    assert len(replace(BASIS, windows=(WINDOW,) * 3).as_text()) <= 220


@pytest.mark.parametrize("text", ["", "[]", "{}", "[[null,null],'']", BASIS.as_text()[:-1], "[" * 100_000, "\udcff"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        basis_of_text(text.encode(errors="surrogateescape"))


def test_each_figure_that_advice_is_made_of_tells() -> None:
    figures = RegimeFigures("BULL", 3, 0.5, 2, 1, 0.7, Policy.BALANCED)
    analysis = Analysis((figures,), "BULL", 3, 1)
    others = [
        *(replace(figures, **change) for change in (
            {"regime": "BEAR"}, {"sample_count": 4}, {"total_pnl": 0.5000000000000001}, {"wins": 3}, {"losses": 0},
            {"confidence": None}, {"best_policy": None},
        )),
    ]  # fmt: skip
    digests = {digest_of_analysis(replace(analysis, regimes=(other,))) for other in others}
    digests |= {digest_of_analysis(replace(analysis, current_regime="BEAR")), digest_of_analysis(analysis)}
    assert len(digests) == len(others) + 2
    # The time of the newest entry is no part of the advice.
    assert digest_of_analysis(replace(analysis, data_as_of_ms=2)) == digest_of_analysis(analysis)


def test_settings_that_decide_tell_and_sums_do_to_the_last_bit() -> None:
    settings = AdviceSettings()
    assert digest_of_settings(settings) != digest_of_settings(replace(settings, max_regimes=9))
    assert digest_of_settings(settings) != digest_of_settings(replace(settings, evidence=EvidenceSettings(decay=0.9)))
    one = added(EvidenceSums(0.998), 0, 40)
    assert digest_of_sums(one) == digest_of_sums(added(EvidenceSums(0.998), 0, 40))
    assert digest_of_sums(one) != digest_of_sums(added(one, 40, 41))
    assert digest_of_sums(EvidenceSums(0.998)) != digest_of_sums(EvidenceSums(0.9))


def test_the_same_trades_give_the_same_sums_whichever_come_together() -> None:
    whole = added(EvidenceSums(0.998), 0, 300)
    for length in (1, 7, 64, 299):
        parts = EvidenceSums(0.998)
        for start in range(0, 300, length):
            parts = added(parts, start, min(start + length, 300))
        assert digest_of_sums(parts) == digest_of_sums(whole)


def added(sums: EvidenceSums, start: int, end: int) -> EvidenceSums:
    source = np.random.default_rng(3)
    regimes, policies, pnl = source.integers(0, 6, 300), source.integers(0, 3, 300), source.normal(0, 1, 300)
    part, names = slice(start, end), [f"R{code}" for code in range(6)]
    return with_observations(sums, names, regimes[part], policies[part], pnl[part], 4, exactly=True)
