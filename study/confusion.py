"""What would come of it if an observation counted for several regimes, where labels may be wrong; held to nothing.

The estimator takes each label at its word. Here it is set beside four others over the same worlds: 1,000 observations
(where not said otherwise) of four regimes that follow each other as in `worlds.py`, means and spreads from the prior,
policies at random, the default settings. At the end all regimes are asked about.

| learner | how an observation counts |
| --- | --- |
| labels | for the regime of its label: the estimator as it is |
| confidence | the same, weighted by the confidence that was reported |
| spread | for each regime by the probability that it was present, see `spread_over_regimes` |
| tested spread | as `labels` and as `spread`, each believed by the evidence of pnl for it, both as likely at first |
| true regimes | for the regime that was present, which nobody knows: the most there is to gain |

| worlds | labels |
| --- | --- |
| n % mislabelled | n labels in 100, drawn at random, are those of another regime |
| ..., confidence tells | how likely each is wrong is drawn (beta), and reported; elsewhere a report says nothing |
| ..., in stretches | wrong for ten observations at once |
| lone visits | as with 20 % mislabelled, and all of them right: one observation in five is of another regime |
| restless regimes | right; the next observation is of the same regime half of the time |

Some 40 settings were looked at on the choosing seed before: how errors are learnt (known, from labels between two
alike, from how labels agree with the next one and the one after, as reported), how many later observations speak (none,
1, 3, 10), and whether an observation is split or its mean is a mixture. None that helps where lone labels are wrong
does no harm where they are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.best_policy import probability_best
from strategic_memory_server.evidence.cells import Cells, Floats
from strategic_memory_server.evidence.figures import Figures, figures_of
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.calibration import calibration_error
from study.histories import Codes
from study.made_worlds import mislabelled
from study.mixed_worlds import MixedWorlds, mixed_worlds
from study.options import Options
from study.row import Row
from study.worlds import POLICIES, REGIMES, STAY, regime_paths, share

LAG = 3
"""Later observations that may say what an earlier one was: so many would have to wait before they count."""

_SEEN_BEFORE, _RIGHT_BEFORE = 10.0, 9.5
"""Labels between two of a regime that count as seen before anything was, and how many of them were right."""

_STRETCH, _AT_ONCE = 10, 250
_SETTINGS = EvidenceSettings()


@dataclass(frozen=True, slots=True)
class Case:
    """Worlds: their name, the share of labels that are wrong (or of visits), and how they come about."""

    name: str
    wrong: float = 0.0
    length: int = 1_000
    stay: float = STAY
    tells: bool = False
    in_stretches: bool = False
    visits: bool = False


CASES = (
    Case("0 % mislabelled"),
    Case("10 % mislabelled", wrong=0.1),
    Case("20 % mislabelled", wrong=0.2),
    Case("30 % mislabelled", wrong=0.3),
    Case("20 % mislabelled, 200 observations", wrong=0.2, length=200),
    Case("20 % mislabelled, confidence tells", wrong=0.2, tells=True),
    Case("20 % mislabelled, in stretches", wrong=0.2, in_stretches=True),
    Case("lone visits", wrong=0.2, visits=True),
    Case("restless regimes", stay=0.5),
)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen in some worlds, shape (worlds, length); and what is true of them."""

    regimes: Codes
    labels: Codes
    policies: Codes
    pnl: Floats
    confidence: Floats
    worlds: MixedWorlds


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What a learner says of each world, and what came of it.

    Attributes:
        best: P(best), shape (worlds, regimes, policies).
        score: mean of the logarithm of what was said of the policy that is the best, shape (worlds,).
        covered: share of true means in their 90 % interval, shape (worlds,).
        regret: mean pnl that is missed by following it in the regime that is present, in spreads, shape (worlds,).
    """

    best: Floats
    score: Floats
    covered: Floats
    regret: Floats


def rows(options: Options) -> list[Row]:
    """Measure calibration, log score, coverage and regret of each learner in each kind of worlds."""
    return [row for case in CASES for row in _rows(options, case)]


def _rows(options: Options, case: Case) -> Iterator[Row]:
    generator, worlds = options.generator(f"confusion {case.name}"), options.share_of_worlds(2)
    parts = [_part(generator, min(_AT_ONCE, worlds - begin), case) for begin in range(0, worlds, _AT_ONCE)]
    best = np.concatenate([part for part, _ in parts])
    happened = np.arange(POLICIES) == best[..., None]
    found = {name: _joined([said[name] for _, said in parts]) for name in LEARNERS}
    as_labelled = found["labels"]
    for name, said in found.items():
        error = calibration_error(options.generator("bootstrap"), said.best, happened)
        yield Row(f"calibration error of P(best), {case.name}", error[0], None, error[1], learner=name)
        yield _mean(f"coverage of the 90 % interval, {case.name}", said.covered, name)
        if name != "labels":
            yield _mean(f"log score, less that of labels, {case.name}", said.score - as_labelled.score, name)
            yield _mean(f"regret, less that of labels, {case.name}", said.regret - as_labelled.regret, name)


def _mean(test: str, by_world: Floats, learner: str) -> Row:
    mean, error = share(by_world)
    return Row(test, mean, None, error, learner=learner)


def _part(generator: np.random.Generator, worlds: int, case: Case) -> tuple[Codes, Mapping[str, Said]]:
    made = seen(generator, worlds, case)
    best = made.worlds.best(_SETTINGS.risk_aversion)
    return best, {name: learn(made, best) for name, learn in LEARNERS.items()}


def _joined(parts: list[Said]) -> Said:
    return Said(*(np.concatenate([getattr(part, name) for part in parts]) for name in Said.__slots__))


def seen(generator: np.random.Generator, worlds: int, case: Case) -> Seen:
    """Make worlds and what is seen of them."""
    made = mixed_worlds(generator, worlds, _SETTINGS.prior_spreads)
    regimes = regime_paths(generator, worlds, case.length, case.stay)
    wrong = np.full(regimes.shape, case.wrong)
    confidence = generator.uniform(0.5, 1.0, regimes.shape)
    if case.tells:
        wrong = generator.beta(2.0 * case.wrong, 2.0 * (1.0 - case.wrong), regimes.shape)
        confidence = 1.0 - wrong
    if case.in_stretches:
        begins = mislabelled(generator, np.zeros((worlds, -(-case.length // _STRETCH)), dtype=np.intp), case.wrong)
        labels = (regimes + np.repeat(begins, _STRETCH, axis=1)[:, : case.length]) % REGIMES
    else:
        is_wrong = generator.random(regimes.shape) < wrong
        labels = (regimes + is_wrong * generator.integers(1, REGIMES, regimes.shape)) % REGIMES
    if case.visits:
        regimes = labels
    policies = generator.integers(0, POLICIES, regimes.shape)
    at = np.arange(worlds)[:, None], regimes, policies
    pnl = made.mean[at] + made.spread[at] * generator.standard_normal(regimes.shape)
    return Seen(regimes, labels, policies, pnl, confidence, made)


def spread_over_regimes(labels: Codes) -> Floats:
    """Say how likely each regime was present at each observation, from the labels alone.

    A label between two of one regime that is another one is held for wrong: the share of each label between two of a
    regime is its row of the confusion matrix. Regimes are taken for a Markov chain that stays as often as labels agree
    with the next one, wrong ones aside. Then the forward recursion, and the backward one over `LAG` observations
    (fixed-lag smoothing; Rabiner, Proceedings of the IEEE 77, 1989). The matrix is that of the whole history: one that
    was learnt on the way would be worse.

    Returns:
        Shape (worlds, length, regimes).
    """
    confusion = confusion_of(labels)
    right = np.diagonal(confusion, axis1=1, axis2=2).mean(axis=1)
    agree = np.mean(labels[:, 1:] == labels[:, :-1], axis=1)
    stay = np.clip(agree / np.maximum(right**2, 0.1), 1.0 / REGIMES, 0.999)[:, None]
    likelihood = confusion.transpose(0, 2, 1)[np.arange(len(labels))[:, None], labels]
    forward, now = np.empty(likelihood.shape), np.full((len(labels), REGIMES), 1.0 / REGIMES)
    for step in range(labels.shape[1]):
        now = _moved(now, stay) * likelihood[:, step]
        now /= now.sum(axis=-1, keepdims=True)
        forward[:, step] = now
    later = np.ones(likelihood.shape)
    for _ in range(LAG):
        moved = _moved(likelihood[:, 1:] * later[:, 1:], stay[..., None])
        later[:, :-1] = moved / moved.sum(axis=-1, keepdims=True)
    likely = forward * later
    shares: Floats = likely / likely.sum(axis=-1, keepdims=True)
    return shares


def confusion_of(labels: Codes) -> Floats:
    """Return the share of each label between two labels of a regime; shape (worlds, regimes, labels)."""
    around, between = labels[:, :-2], labels[:, 1:-1]
    place = (np.arange(len(labels))[:, None] * REGIMES + around) * REGIMES + between
    told = np.bincount(place[around == labels[:, 2:]], minlength=len(labels) * REGIMES**2).reshape(-1, REGIMES, REGIMES)
    wrong_before = (_SEEN_BEFORE - _RIGHT_BEFORE) / (REGIMES - 1)
    counts = told + wrong_before + (_RIGHT_BEFORE - wrong_before) * np.eye(REGIMES)
    shares: Floats = counts / counts.sum(axis=-1, keepdims=True)
    return shares


def _moved(shares: Floats, stay: Floats) -> Floats:
    left = (1.0 - stay) / (REGIMES - 1)
    moved: Floats = (stay - left) * shares + left * shares.sum(axis=-1, keepdims=True)
    return moved


def _figures(made: Seen, shares: Floats) -> Figures:
    """Sum observations that count for several regimes, each decaying as those that come later count for it."""
    later = shares[:, ::-1].cumsum(axis=1)[:, ::-1] - shares
    weights = shares * _SETTINGS.decay**later
    policy = np.eye(POLICIES)[made.policies]
    powers = (np.ones_like(made.pnl), made.pnl, np.square(made.pnl))
    return figures_of(Cells(*(np.swapaxes(weights * each[..., None], 1, 2) @ policy for each in powers)), _SETTINGS)


def _of(labels: Codes) -> Floats:
    shares: Floats = np.eye(REGIMES)[labels]
    return shares


def _said(made: Seen, best: Codes, figures: Figures) -> Said:
    said = probability_best(figures.utility, figures.posterior.tau_weights)
    unit, (low, high) = figures.scale.unit[:, None, None], figures.interval
    covered = (unit * low <= made.worlds.mean) & (made.worlds.mean <= unit * high)
    # Followed is what is recommended for the label; paid is what the regime that is present pays.
    each, present = np.arange(len(best)), made.regimes[:, -1]
    followed = judge(figures, _SETTINGS).recommended[each, made.labels[:, -1]]
    mean, spread = made.worlds.mean[each, present], made.worlds.spread[each, present]
    lost = mean[each, best[each, present]] - mean[each, followed]
    return Said(said, _score(said, best), covered.mean(axis=(1, 2)), lost / spread.mean(axis=-1))


def _score(said: Floats, best: Codes) -> Floats:
    of_best = np.take_along_axis(said, best[..., None], axis=-1)[..., 0]
    score: Floats = np.log(np.maximum(of_best, 1e-12)).mean(axis=-1)
    return score


def _tested(made: Seen, best: Codes) -> Said:
    ways = [_figures(made, shares) for shares in (_of(made.labels), spread_over_regimes(made.labels))]
    plain, spread = (np.logaddexp.reduce(way.posterior.log_evidence, axis=-1) for way in ways)
    believed = 1.0 / (1.0 + np.exp(np.clip(plain - spread, -500.0, 500.0)))
    as_labels, as_spread = (_said(made, best, way) for way in ways)
    said = as_labels.best + believed[:, None, None] * (as_spread.best - as_labels.best)
    return Said(
        said,
        _score(said, best),
        as_labels.covered + believed * (as_spread.covered - as_labels.covered),
        np.where(believed > 0.5, as_spread.regret, as_labels.regret),
    )


LEARNERS: Mapping[str, Callable[[Seen, Codes], Said]] = {
    "labels": lambda made, best: _said(made, best, _figures(made, _of(made.labels))),
    "confidence": lambda made, best: _said(made, best, _figures(made, _of(made.labels) * made.confidence[..., None])),
    "spread": lambda made, best: _said(made, best, _figures(made, spread_over_regimes(made.labels))),
    "tested spread": _tested,
    "true regimes": lambda made, best: _said(made, best, _figures(made, _of(made.regimes))),
}
