"""Exploring in an advice: a probe is unmistakable, held, capped, and never there when exploring is off."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from advice import advice
from evidence_samples import REGIMES, TRADES, Trade, made_up_trades, one_by_one
from hypothesis import given
from hypothesis import strategies as st
from regime_figures import caps
from repeatable import repeatable

from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, Rules, Times
from strategic_memory_server.advice.probe import EXPLORATION_CAP, Completed
from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, Exploration, Trial
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed, updated
from strategic_memory_server.long_memory.exploration_document import exploration_text, read_exploration
from strategic_memory_server.memory.policy import Policy

HOLD = 20
OFF = EvidenceSettings()
ON = EvidenceSettings(explore=True, exploration_hold=HOLD)
C, B, A = Policy.CONSERVATIVE, Policy.BALANCED, Policy.AGGRESSIVE

TRIALS = st.dictionaries(
    st.sampled_from(REGIMES), st.builds(Trial, st.sampled_from(Policy), st.integers(0, 60)), max_size=4
).map(Exploration)
CAPS = st.none() | st.floats(0.0, 3.0)


def analysis(current: str = "BULL", cap: float | None = None, exposure: float | None = None) -> Analysis:
    return Analysis((RegimeFigures("BULL", 10, 1.0, 4, 2, 0.5, None),), current, 10, None, caps(cap, exposure))


def completed(
    sums: EvidenceSums,
    exploration: Exploration = NOTHING_TRIED,
    settings: EvidenceSettings = ON,
    rules: Rules = Rules.EVIDENCE,
    found: Analysis | None = None,
    *,
    may_begin: bool = True,
) -> Completed:
    feedback = EvidenceFeedback(settings)
    return feedback.complete(advice(), found or analysis(), sums, rules, exploration, may_begin=may_begin)


def only_conservative(
    trades: int = 40, regime: str = "BULL", mean: float = 0.3, *, change: bool = False
) -> EvidenceSums:
    """A memory in which the other policies are not known, so that they promise something."""
    random = Random(3)
    sums = nothing_summed(OFF.decay, change=change)
    for _ in range(trades):
        sums = updated(sums, regime, C, random.gauss(mean, 1.0))
    return sums


def test_a_probe_is_followed_and_says_so_in_every_part() -> None:
    sums = only_conservative()
    found, plain = completed(sums), completed(sums, settings=OFF).advice
    said, current = found.advice, found.advice.current
    assert current is not None
    assert plain.current is not None
    assert (plain.current.policy, current.policy, said.updated_policy) == (C, B, B)
    assert current.is_probe
    assert said.is_probe
    known = estimate(sums, ["BULL"], ON).regimes[0].policies[B]
    assert current.confidence_boost == said.confidence_boost == round(known.probability_mean_positive, 4)
    assert current.confidence_boost != plain.confidence_boost
    assert said.leverage_hint == current.leverage_hint == 1.0
    assert said.leverage_bound_by == current.leverage_bound_by == EXPLORATION_CAP
    assert said.evidence == plain.evidence, "the evidence goes on showing what it recommends"
    reason = said.reasons[0]
    assert reason.code == "EVIDENCE_PROBE"
    assert "in BULL, the regime now, BALANCED is tried in place of CONSERVATIVE" in reason.sentence
    assert "for 20 more trades of BULL; leverage 1, lowered by exploration" in reason.sentence
    assert [reason.code for reason in said.reasons[1:]] == [reason.code for reason in plain.reasons]
    assert [reason.sentence for reason in said.reasons if reason.code == "EVIDENCE_LEVERAGE"] == [
        "Leverage 1, lowered by exploration."
    ]
    assert found.exploration == Exploration({"BULL": Trial(B, 40)})


@pytest.mark.parametrize(
    ("seen", "length", "holds"),
    [
        (0, "for 20 more trades of BULL;", True),
        (18, "for 2 more trades of BULL;", True),
        (19, "for one more trade of BULL;", True),
        (20, "for as long as it promises most;", False),
        (33, "for as long as it promises most;", False),
    ],
)
def test_it_says_for_how_much_longer(seen: int, length: str, holds: bool) -> None:
    said = completed(only_conservative(), Exploration({"BULL": Trial(B, 40 - seen)})).advice
    assert length in said.reasons[0].sentence
    (comparison,) = said.reasons[0].comparisons
    assert (comparison.value, comparison.operator, comparison.threshold, comparison.holds) == (seen, "<", HOLD, holds)


@pytest.mark.parametrize(("hold", "length"), [(20, "for 6 more trades"), (3, "for one more"), (2, "for one more")])
def test_with_change_a_trial_is_a_third_as_long(hold: int, length: str) -> None:
    settings = replace(ON, change=True, exploration_hold=hold)
    said = completed(only_conservative(change=True), settings=settings).advice
    assert length in said.reasons[0].sentence


def test_where_another_regime_is_preferred_its_advice_stays() -> None:
    sums = only_conservative()
    for trade in made_up_trades(5, 30):
        sums = updated(sums, "BEAR", trade.policy, trade.pnl - 0.5)
    found = completed(sums, found=analysis("BEAR"), exploration=Exploration({"BEAR": Trial(A, 28)}))
    plain = completed(sums, found=analysis("BEAR"), settings=OFF).advice
    assert plain.preferred_regime == "BULL"
    assert found.advice.current is not None
    assert (found.advice.current.policy, found.advice.current.is_probe) == (A, True)
    assert not found.advice.is_probe
    assert found.advice.reasons[0].code == "EVIDENCE_PROBE"
    assert replace(found.advice, current=plain.current, reasons=found.advice.reasons[1:]) == plain


def test_what_is_recommended_anyway_is_no_probe() -> None:
    sums = only_conservative()
    found = completed(sums, Exploration({"BULL": Trial(C, 35)}))
    assert found.advice == completed(sums, settings=OFF).advice
    assert found.exploration == Exploration({"BULL": Trial(C, 35)})


@given(st.lists(TRADES, max_size=60), TRIALS, st.sampled_from([*REGIMES, "UNKNOWN", "NEVER SEEN"]), st.booleans())
@repeatable(150)
def test_off_nothing_of_it_is_there(trades: list[Trade], stored: Exploration, current: str, may_begin: bool) -> None:
    sums = one_by_one(trades, OFF.decay)
    for rules, settings in ((Rules.EVIDENCE, OFF), (Rules.REFERENCE, OFF), (Rules.REFERENCE, ON)):
        found = completed(sums, stored, settings, rules, analysis(current), may_begin=may_begin)
        without = EvidenceFeedback(OFF).complete(advice(), analysis(current), sums, rules)
        assert found == without
        assert found.exploration == NOTHING_TRIED
        assert not found.advice.is_probe
        assert not any(reason.code == "EVIDENCE_PROBE" for reason in found.advice.reasons)


@given(st.lists(TRADES, max_size=60), TRIALS, st.sampled_from(REGIMES), CAPS, CAPS, st.booleans())
@repeatable(200)
def test_a_probe_never_exceeds_any_cap_and_contradicts_nothing(
    trades: list[Trade],
    stored: Exploration,
    regime: str,
    cap: float | None,
    exposure: float | None,
    may_begin: bool,
) -> None:
    sums, seen = one_by_one(trades, ON.decay), analysis(regime, cap, exposure)
    found = completed(sums, stored, found=seen, may_begin=may_begin)
    said, current = found.advice, found.advice.current
    plain = completed(sums, settings=OFF, found=seen).advice
    assert current is not None
    assert plain.current is not None
    if not current.is_probe:
        assert said == plain
        return
    assert current.policy is not plain.current.policy
    limits = {EXPLORATION_CAP: 1.0, "risk:leverage_limits": cap, "exposure:summary": exposure}
    known = {name: limit for name, limit in limits.items() if limit is not None}
    assert current.leverage_hint <= min(known.values())
    if current.leverage_bound_by is not None:
        assert current.leverage_hint == known[current.leverage_bound_by] == min(known.values())
    assert said.evidence == plain.evidence
    if said.preferred_regime == regime:
        assert (said.updated_policy, said.confidence_boost) == (current.policy, current.confidence_boost)
        assert (said.leverage_hint, said.leverage_bound_by) == (current.leverage_hint, current.leverage_bound_by)


@given(st.lists(TRADES, max_size=40), TRIALS, st.sampled_from(REGIMES))
@repeatable(100)
def test_the_same_gives_the_same(trades: list[Trade], stored: Exploration, regime: str) -> None:
    sums = one_by_one(trades, ON.decay)
    again = read_exploration(exploration_text(stored))
    assert completed(sums, stored, found=analysis(regime)) == completed(sums, again, found=analysis(regime))


@pytest.mark.parametrize("seed", range(6))
def test_a_policy_is_held_through_restarts_and_in_every_rhythm_of_syncs(seed: int) -> None:
    """Several trades may come between two syncs, regimes take turns, and the state is read back each time."""
    random, settings = Random(seed), replace(ON, exploration_hold=7)
    sums, state, current = EvidenceSums(ON.decay), NOTHING_TRIED, "BULL"
    followed: dict[str, list[tuple[int, Policy]]] = {}
    probes = 0
    for _ in range(300):
        for _ in range(random.choice([0, 1, 1, 2, 3])):
            regime = current if random.random() < 0.8 else random.choice(REGIMES)
            policy = followed[regime][-1][1] if regime in followed else C
            sums = updated(sums, regime, policy, random.gauss(-0.05 * policy, 1.0 + policy))
        current = current if random.random() < 0.9 else random.choice(REGIMES)
        found = completed(sums, state, settings, found=analysis(current))
        state = read_exploration(exploration_text(found.exploration))
        assert found.advice.current is not None
        probes += found.advice.current.is_probe
        observations = sum(cell.observations for cell in sums.of(current))
        followed.setdefault(current, []).append((observations, found.advice.current.policy))
    assert probes > 20
    changes = 0
    for said_in_regime in followed.values():
        began = said_in_regime[0][0]
        for (_, before), (observations, after) in pairwise(said_in_regime):
            if after is not before:
                assert observations - began >= settings.exploration_hold
                began, changes = observations, changes + 1
    assert changes > 5


def test_while_trades_are_missing_nothing_begins_and_what_stands_goes_on() -> None:
    sums = only_conservative()
    waiting = completed(sums, may_begin=False)
    assert waiting == replace(completed(sums, settings=OFF), exploration=NOTHING_TRIED)
    for standing in (Exploration({"BULL": Trial(A, 35)}), Exploration({"BULL": Trial(A, 0)})):
        found = completed(sums, standing, may_begin=False)
        assert found.advice.updated_policy is A
        assert found.exploration is standing
    lost = Exploration({"BULL": Trial(A, 41)})
    found = completed(sums, lost, may_begin=False)
    assert (found.advice.updated_policy, found.exploration) == (C, lost)


def test_a_memory_that_was_lost_ends_the_trial() -> None:
    found = completed(only_conservative(40), Exploration({"BULL": Trial(A, 41)}))
    assert found.exploration == Exploration({"BULL": Trial(B, 40)})


def test_where_the_regime_is_not_known_nothing_is_tried_and_nothing_forgotten() -> None:
    stored = Exploration({"BULL": Trial(A, 35)})
    found = completed(only_conservative(), stored, found=analysis("UNKNOWN"))
    assert (found.advice.current, found.exploration) == (None, stored)


def test_a_stale_feedback_is_no_probe() -> None:
    said = completed(only_conservative()).advice
    assert said.is_probe
    stale = Feedback(said, FeedbackStatus.ACTIVE, times=Times(0, 0, 10)).at(11).advice
    assert stale.current is not None
    assert (stale.current.is_probe, stale.is_probe) == (False, False)
    assert (stale.updated_policy, stale.current.policy) == (C, C)
