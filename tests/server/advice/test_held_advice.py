"""An advice whose added risk waits: both regimes, changes of regime, the evidence, and what the reasons say."""

from __future__ import annotations

from dataclasses import replace

from advice import NOW_MS, advice, evidence_view
from each_case import each_case

from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, RegimeAdvice, Times
from strategic_memory_server.advice.followed import Followed, FollowedLevel
from strategic_memory_server.advice.held_advice import hold
from strategic_memory_server.advice.hysteresis import HysteresisSettings, Moment
from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.memory.override import Freeze
from strategic_memory_server.memory.policy import Policy

SETTINGS = HysteresisSettings(results=2, seconds=60)
NOTHING: dict[str, list[RegimeAdvice]] = {}


def moment(seconds: float = 0, results: int = 0) -> Moment:
    return Moment(NOW_MS + round(seconds * 1000), index_column([NOW_MS + number for number in range(1, results + 1)]))


def asked(
    policy: Policy, leverage: float, regime: str = "BULL", now: tuple[str, Policy, float] | None = None
) -> Advice:
    current = None if now is None else RegimeAdvice(now[0], now[1], 0.6, now[2])
    return replace(advice(leverage_hint=leverage), preferred_regime=regime, updated_policy=policy, current=current)


def held(one: Advice, before: Advice | None, at: Moment, settings: HysteresisSettings = SETTINGS) -> Advice:
    return hold(one, NOTHING, before, settings, at).advice


def said(one: Advice) -> tuple[str, str, float]:
    return one.preferred_regime, one.updated_policy.name, one.leverage_hint


CALM, BOLD = asked(Policy.BALANCED, 1.0, "RANGE"), asked(Policy.AGGRESSIVE, 1.5)


def test_off_it_is_the_very_advice() -> None:
    assert held(BOLD, CALM, moment(), HysteresisSettings()) is BOLD


def test_what_was_never_said_begins_with_the_safe_values() -> None:
    first = held(BOLD, None, moment())
    assert said(first) == ("BULL", "CONSERVATIVE", 1.0)
    assert said(held(BOLD, first, moment(60))) == said(BOLD)


def test_a_change_of_the_preferred_regime_is_told_at_once_and_its_added_risk_waits() -> None:
    waits = held(BOLD, CALM, moment())
    assert said(waits) == ("BULL", "BALANCED", 1.0)
    assert said(held(BOLD, waits, moment(59, 1))) == ("BULL", "BALANCED", 1.0)
    assert said(held(BOLD, waits, moment(59, 2))) == said(BOLD)
    assert said(held(CALM, BOLD, moment())) == said(CALM)


def test_policy_and_leverage_wait_apart() -> None:
    waits = held(asked(Policy.AGGRESSIVE, 0.8), CALM, moment())
    assert said(waits) == ("BULL", "BALANCED", 0.8)
    later = held(BOLD, waits, moment(30))
    assert said(later) == ("BULL", "BALANCED", 0.8)
    assert said(held(BOLD, later, moment(60))) == ("BULL", "AGGRESSIVE", 0.8)
    assert said(held(BOLD, later, moment(90))) == said(BOLD)


def test_the_same_regime_may_be_followed_further_as_the_preferred_one_than_as_the_one_that_has_just_come() -> None:
    before = asked(Policy.AGGRESSIVE, 1.5, now=("BEAR", Policy.CONSERVATIVE, 0.7))
    after = held(asked(Policy.AGGRESSIVE, 1.5, now=("BULL", Policy.AGGRESSIVE, 1.5)), before, moment())
    assert said(after) == ("BULL", "AGGRESSIVE", 1.5)
    assert after.current == RegimeAdvice("BULL", Policy.CONSERVATIVE, 0.6, 0.7)
    assert [reason.code for reason in after.reasons[1:]] == ["CURRENT_POLICY_WAITS", "CURRENT_LEVERAGE_WAITS"]


def test_a_current_regime_of_which_nothing_is_known_starts_again_from_the_safe_values() -> None:
    known = asked(Policy.BALANCED, 1.0, now=("BULL", Policy.AGGRESSIVE, 1.5))
    nothing = hold(asked(Policy.BALANCED, 1.0), NOTHING, known, SETTINGS, moment())
    assert (nothing.advice.current, nothing.flaps) == (None, ())
    again = held(known, nothing.advice, moment(1))
    assert again.current == RegimeAdvice("BULL", Policy.CONSERVATIVE, 0.6, 1.0)


def test_flaps_are_counted_by_what_was_taken_back() -> None:
    waits = held(replace(BOLD, current=RegimeAdvice("BULL", Policy.BALANCED, 0.6, 0.9)), CALM, moment())
    taken_back = hold(CALM, NOTHING, waits, SETTINGS, moment(1))
    assert taken_back.flaps == (("preferred", "policy"), ("preferred", "leverage"), ("current", "policy"))
    assert hold(CALM, NOTHING, taken_back.advice, SETTINGS, moment(2)).flaps == ()


def test_the_reasons_say_what_waits_since_when_and_for_what() -> None:
    waits = held(BOLD, CALM, moment(0, 1))
    policy, leverage = waits.reasons[len(BOLD.reasons) :]
    assert policy.code == "POLICY_WAITS"
    assert policy.sentence == (
        "AGGRESSIVE for BULL waits since 2025-12-21 06:00:00 UTC, for 2 trade results after that or until "
        "2025-12-21 06:01:00 UTC; BALANCED stands."
    )
    numbers = [(each.measurement, each.value, each.operator, each.threshold, each.holds) for each in policy.comparisons]
    assert numbers == [
        ("policy", 2, ">", 1, True),
        ("results_since", 0, ">=", 2, False),
        ("unix_time_seconds", NOW_MS / 1000, ">=", NOW_MS / 1000 + 60, False),
    ]
    assert leverage.code == "LEVERAGE_WAITS"
    assert leverage.sentence.startswith("Leverage 1.5 for BULL waits since 2025-12-21 06:00:00 UTC, for 2 trade")
    assert held(BOLD, waits, moment(30, 2)) == waits, "nothing changes while it waits, so no revision is made"
    assert held(BOLD, waits, moment(60)).reasons == BOLD.reasons


@each_case(
    "settings, expected",
    [
        (
            HysteresisSettings(results=1),
            "waits since 2025-12-21 06:00:00 UTC, for one trade result after that; BALANCED",
        ),
        (
            HysteresisSettings(seconds=60),
            "waits since 2025-12-21 06:00:00 UTC, until 2025-12-21 06:01:00 UTC; BALANCED",
        ),
    ],
)
def test_a_reason_names_only_what_counts(settings: HysteresisSettings, expected: str) -> None:
    assert expected in held(BOLD, CALM, moment(), settings).reasons[1].sentence


def test_after_its_validity_the_safe_values_are_what_more_is_added_to() -> None:
    """Whoever was told them has acted upon them."""
    bold = held(BOLD, held(BOLD, None, moment()), moment(60))
    stale = Feedback(bold, FeedbackStatus.ACTIVE, times=Times(valid_until_ms=NOW_MS)).at(NOW_MS + 1).advice
    assert stale.followed is None
    assert said(held(BOLD, stale, moment(120))) == ("BULL", "CONSERVATIVE", 1.0)
    careful = held(asked(Policy.CONSERVATIVE, 0.5), None, moment())
    stale = Feedback(careful, FeedbackStatus.ACTIVE, times=Times(valid_until_ms=NOW_MS)).at(NOW_MS + 1).advice
    assert said(held(BOLD, stale, moment(120))) == ("BULL", "CONSERVATIVE", 0.5)


def test_after_an_operator_has_held_the_advice_what_waited_waits_anew() -> None:
    """Nobody has looked meanwhile whether the rules went on asking for it."""
    waits = held(BOLD, CALM, moment())
    freeze = Freeze(1, "e1", "an event", "desk", NOW_MS, NOW_MS + 3_600_000)
    after = hold(BOLD, NOTHING, replace(waits, freeze=freeze), SETTINGS, moment(3_600, 9))
    assert said(after.advice) == said(waits)
    assert hold(CALM, NOTHING, replace(waits, freeze=freeze), SETTINGS, moment(1)).flaps == ()
    assert said(held(BOLD, after.advice, moment(3_660, 9))) == said(BOLD)


def test_it_may_be_turned_on_while_an_advice_is_in_force_which_is_then_followed() -> None:
    assert said(held(BOLD, BOLD, moment())) == said(BOLD)
    before = asked(Policy.BALANCED, 1.2, now=("BULL", Policy.BALANCED, 1.1))
    after = held(asked(Policy.AGGRESSIVE, 1.5, now=("BULL", Policy.AGGRESSIVE, 1.5)), before, moment())
    assert (said(after), after.current) == (("BULL", "BALANCED", 1.2), RegimeAdvice("BULL", Policy.BALANCED, 0.6, 1.1))
    assert after.followed is not None
    assert (after.followed.preferred.policy, after.followed.preferred.leverage) == (Policy.BALANCED, 1.2)


def test_a_cap_that_lowers_acts_at_once_and_one_that_is_lifted_adds_risk() -> None:
    capped = replace(asked(Policy.AGGRESSIVE, 0.4), leverage_bound_by="risk:leverage_limits")
    lowered = held(capped, BOLD, moment())
    assert (said(lowered), lowered.leverage_bound_by) == (("BULL", "AGGRESSIVE", 0.4), "risk:leverage_limits")
    lifted = held(BOLD, lowered, moment(1))
    assert said(lifted) == ("BULL", "AGGRESSIVE", 0.4)
    raised = held(replace(asked(Policy.AGGRESSIVE, 1.2), leverage_bound_by="risk:leverage_limits"), lifted, moment(2))
    assert (raised.leverage_hint, raised.leverage_bound_by) == (0.4, None), "it is not the cap that holds it now"


def test_by_the_evidence_a_policy_that_stands_has_its_own_confidence_and_bears_its_own_leverage() -> None:
    by_policy = {
        "BULL": [
            RegimeAdvice("BULL", Policy.CONSERVATIVE, 0.55, 1.3),
            RegimeAdvice("BULL", Policy.BALANCED, 0.7, 0.8, "interval_lower_bound"),
            RegimeAdvice("BULL", Policy.AGGRESSIVE, 0.95, 1.2),
        ]
    }
    bold = replace(asked(Policy.AGGRESSIVE, 1.2), confidence_boost=0.95, evidence=evidence_view())
    balanced = hold(bold, by_policy, CALM, SETTINGS, moment()).advice
    assert (said(balanced), balanced.confidence_boost) == (("BULL", "BALANCED", 0.8), 0.7)
    assert (balanced.leverage_bound_by, balanced.evidence) == ("interval_lower_bound", bold.evidence)
    released = hold(bold, by_policy, balanced, SETTINGS, moment(60)).advice
    assert (said(released), released.confidence_boost) == (("BULL", "AGGRESSIVE", 0.8), 0.95)
    careful = hold(bold, by_policy, asked(Policy.CONSERVATIVE, 1.4), SETTINGS, moment()).advice
    assert said(careful) == ("BULL", "CONSERVATIVE", 1.2), "never more than the rules advise"


def test_a_probe_that_is_bolder_waits_too_and_what_stands_is_none() -> None:
    probe = RegimeAdvice("BULL", Policy.AGGRESSIVE, 0.5, 1.0, "exploration", is_probe=True)
    before = asked(Policy.BALANCED, 1.0, now=("BULL", Policy.BALANCED, 1.0))
    waits = held(replace(before, current=probe), before, moment())
    assert waits.current == replace(probe, policy=Policy.BALANCED, is_probe=False)
    released = held(replace(before, current=probe), waits, moment(60))
    assert released.current == probe


def test_what_is_followed_says_when_the_first_wait_is_over() -> None:
    waits = held(asked(Policy.AGGRESSIVE, 0.8), CALM, moment())
    later = held(BOLD, waits, moment(30))
    assert later.followed is not None
    assert later.followed.due_ms(SETTINGS) == NOW_MS + 60_000
    assert later.followed.due_ms(HysteresisSettings(results=2)) is None
    assert Followed(FollowedLevel(Policy.BALANCED, 1.0)).due_ms(SETTINGS) is None
