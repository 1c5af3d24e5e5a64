"""Each way to break a promise is found by the check of that promise, and by no other."""

from __future__ import annotations

import random

import pytest
from history.checker import CHECKS, check
from history.made_up_history import made_up_history
from history.model import History
from history.mutations import of_content, of_epochs, of_order, of_portfolios, of_resuming
from history.mutations.editing import Mutation
from history.promises import Promise

MUTATIONS = [
    mutation for of in (of_order, of_content, of_resuming, of_epochs, of_portfolios) for mutation in of.MUTATIONS
]
SEEDS = range(24)
ENOUGH = 5


@pytest.fixture(scope="module")
def histories() -> list[History]:
    return [made_up_history(seed, settled=settled) for seed in SEEDS for settled in (True, False)]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_broken_history_is_found_by_exactly_its_check(mutation: Mutation, histories: list[History]) -> None:
    applied = 0
    for number, history in enumerate(histories):
        broken = mutation.apply(history, random.Random(number))
        if broken is None:
            continue
        applied += 1
        violations = check(broken)
        found = {violation.promise for violation in violations}
        assert found == {mutation.promise}, f"history {number}: {[str(violation) for violation in violations]}"
    assert applied >= ENOUGH, "the histories have hardly a place for this"


def test_every_promise_has_a_check_and_is_broken_here() -> None:
    assert set(CHECKS) == set(Promise)
    assert {mutation.promise for mutation in MUTATIONS} == set(Promise)


def test_a_violation_says_where_and_what(histories: list[History]) -> None:
    broken = of_order.MUTATIONS[0].apply(histories[0], random.Random(0))
    assert broken is not None
    text = str(check(broken)[0])
    assert text.startswith("ORDERED (on one stream revisions strictly grow): subscriber ")
    assert "stream" in text
    assert "came after" in text
