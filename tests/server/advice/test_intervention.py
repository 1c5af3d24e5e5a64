"""What operators have said: what is left of it when, and what is held under the caps of now."""

from __future__ import annotations

from dataclasses import replace

from advice import NOW_MS, advice, feedback

from strategic_memory_server.advice.intervention import NO_INTERVENTION, Intervention, intervene, is_under
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.memory.override import Freeze, Override
from strategic_memory_server.memory.policy import Policy

FREEZE = Freeze(7, "e1", "why", "desk", NOW_MS, NOW_MS + 2_000)
LOWER = Override(Policy.BALANCED, None, False, "why", "desk", NOW_MS, NOW_MS + 1_000)
HELD = advice("held", leverage_hint=1.5)
BOTH = Intervention(3, LOWER, FREEZE, HELD)


def test_each_part_ends_at_its_own_end_and_the_number_stays() -> None:
    assert BOTH.at(NOW_MS + 999) == BOTH
    assert BOTH.at(NOW_MS + 1_000) == Intervention(3, None, FREEZE, HELD)
    assert BOTH.at(NOW_MS + 2_000) == Intervention(3)
    assert (BOTH.ends_ms, BOTH.at(NOW_MS + 1_500).ends_ms) == (NOW_MS + 1_000, NOW_MS + 2_000)
    assert NO_INTERVENTION.ends_ms is None


def test_nothing_said_outlives_the_first_end() -> None:
    assert BOTH.bounded(NOW_MS + 180_000) == NOW_MS + 1_000
    assert BOTH.bounded(NOW_MS + 10) == NOW_MS + 10
    assert NO_INTERVENTION.bounded(NOW_MS + 180_000) == NOW_MS + 180_000


def test_what_is_held_is_said_whatever_the_rules_say_under_the_caps_of_now() -> None:
    cap = LeverageCap("risk:leverage_limits", 1.25, NOW_MS)
    said = intervene(advice("now", leverage_hint=0.5), Intervention(1, None, FREEZE, HELD), (cap,))
    assert (said.current_regime, said.leverage_hint, said.leverage_bound_by) == ("held", 1.25, cap.source)
    assert (said.leverage_caps, said.freeze, said.reasons[0].code) == ((cap,), FREEZE, "FREEZE")
    assert said.reasons[1:] == HELD.reasons


def test_an_override_binds_what_is_held_and_comes_first() -> None:
    said = intervene(advice("now"), BOTH, ())
    assert (said.current_regime, said.updated_policy) == ("held", Policy.BALANCED)
    assert [reason.code for reason in said.reasons[:2]] == ["OVERRIDE", "FREEZE"]
    assert replace(said, override=None, freeze=None) != HELD


def test_nothing_said_changes_nothing() -> None:
    said = advice("now")
    assert intervene(said, NO_INTERVENTION, ()) is said


def test_what_a_server_says_that_knows_of_no_operators_is_under_nothing_that_they_have_said() -> None:
    plain = feedback(8)
    assert is_under(plain, NO_INTERVENTION)
    for said in (BOTH, replace(BOTH, override=None), Intervention(3, LOWER)):
        assert not is_under(plain, said)
        assert is_under(replace(plain, advice=intervene(plain.advice, said, ())), said)


def test_safe_values_are_under_an_override_and_hold_nothing() -> None:
    stale = feedback(8).at(NOW_MS + 180_001)
    assert is_under(stale, replace(BOTH, override=None))
    assert not is_under(stale, BOTH)
    bound = replace(feedback(8), advice=intervene(feedback(8).advice, BOTH, ())).at(NOW_MS + 180_001)
    assert is_under(bound, BOTH)


def test_an_override_in_place_of_another_is_not_that_one() -> None:
    bound = replace(feedback(8), advice=intervene(feedback(8).advice, Intervention(3, LOWER), ()))
    assert not is_under(bound, Intervention(4, replace(LOWER, set_at_ms=NOW_MS + 1)))
