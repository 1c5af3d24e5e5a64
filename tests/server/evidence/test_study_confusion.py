"""Observations spread over regimes in the study: the probabilities of every path, and labels at their word as ever."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from study import confusion
from study.confusion import LAG, LEARNERS, Case, confusion_of, seen, spread_over_regimes
from study.histories import Codes
from study.learners import DECAYING
from study.learners import LEARNERS as ESTIMATORS
from study.options import Options
from study.worlds import REGIMES, regime_paths


def by_every_path(labels: Codes, at: int) -> list[float]:
    """The probability of each regime at one observation of one world, by every path up to `LAG` observations later."""
    matrix = confusion_of(labels[None])[0]
    right, agree = matrix.diagonal().mean(), float(np.mean(labels[1:] == labels[:-1]))
    stay = min(max(agree / max(right**2, 0.1), 1.0 / REGIMES), 0.999)
    found = [0.0] * REGIMES
    for path in product(range(REGIMES), repeat=min(at + LAG + 1, labels.size)):
        likely = matrix[path[0], labels[0]]
        for step in range(1, len(path)):
            likely *= stay if path[step] == path[step - 1] else (1.0 - stay) / (REGIMES - 1)
            likely *= matrix[path[step], labels[step]]
        found[path[at]] += likely
    return [each / sum(found) for each in found]


def test_an_observation_is_spread_by_the_probability_of_every_path() -> None:
    generator = np.random.default_rng(3)
    labels = regime_paths(generator, 3, 7, 0.7)
    labels[0] = [0, 0, 0, 2, 0, 0, 1]
    found = spread_over_regimes(labels)
    for world, at in product(range(3), range(7)):
        np.testing.assert_allclose(found[world, at], by_every_path(labels[world], at), rtol=1e-9)


def test_a_lone_label_within_a_run_counts_for_the_run_once_labels_have_been_seen_to_err() -> None:
    generator = np.random.default_rng(4)
    made = seen(generator, 20, Case("errs", wrong=0.2))
    spread = spread_over_regimes(made.labels)
    each = np.arange(20)[:, None], np.arange(1_000)[None]
    wrong = made.labels != made.regimes
    assert spread[(*each, made.regimes)][wrong].mean() > 0.75
    right = seen(generator, 20, Case("right"))
    assert spread_over_regimes(right.labels)[(*each, right.labels)].mean() > 0.98


def test_labels_at_their_word_are_the_estimator() -> None:
    made, settings = seen(np.random.default_rng(5), 8, Case("errs", wrong=0.2, length=300)), EvidenceSettings()
    learner = ESTIMATORS[DECAYING](8, REGIMES, settings)
    for step in range(300):
        learner.observe(made.labels[:, step], made.policies[:, step], made.pnl[:, step])
    said = LEARNERS["labels"](made, made.worlds.best(settings.risk_aversion)).best
    for regime in range(REGIMES):
        expected = judge(learner.figures(np.full(8, regime)), settings).best[:, 0]
        np.testing.assert_allclose(said[:, regime], expected, atol=1e-12)


def test_where_lone_labels_are_right_spreading_harms_as_it_helps_where_they_are_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = tuple(case for case in confusion.CASES if case.name in {"20 % mislabelled", "lone visits"})
    monkeypatch.setattr(confusion, "CASES", cases)
    rows = {(row.test, row.learner): row for row in confusion.rows(Options(worlds=200, short=True))}
    helped, harmed = (
        rows[f"log score, less that of labels, {name}", "spread"] for name in ("20 % mislabelled", "lone visits")
    )
    assert helped.measured > 2.0 * helped.standard_error
    assert harmed.measured < -2.0 * harmed.standard_error
