"""Ways to speak of a portfolio that was not asked for, or that is named no more."""

from __future__ import annotations

import random
from dataclasses import replace

from history.model import Absence, End, History
from history.mutations.editing import Apply, Mutation, last_ms, sites, with_answer, with_message, with_stream
from history.promises import Promise


def _of_another(history: History, source: random.Random) -> History | None:
    found = list(sites(history))
    if not found:
        return None
    site = source.choice(found)
    return with_message(history, site, replace(site.message, portfolio="other"))


def _answered_of_another(history: History, source: random.Random) -> History | None:
    if not history.answers:
        return None
    index = source.randrange(len(history.answers))
    return with_answer(history, index, replace(history.answers[index], portfolio="other"))


def _asked_for_another(history: History, _source: random.Random) -> History:
    return replace(history, portfolio="other")


def _said_when_gone(history: History, source: random.Random) -> History | None:
    found = list(sites(history))
    if not found:
        return None
    at_ms = source.choice(found).message.at_ms
    return replace(history, absences=(Absence(at_ms - 20, at_ms - 10, at_ms + 10, at_ms + 20),))


def _said_for_ever(history: History, source: random.Random) -> History | None:
    broken = _said_when_gone(history, source)
    return broken and replace(broken, absences=(Absence(broken.absences[0].from_ms, broken.absences[0].gone_ms),))


def _handed_over_when_gone(history: History, source: random.Random) -> History | None:
    found = [site for site in sites(history) if not site.after and site.opened.end and not site.opened.end.by_observer]
    if not found:
        return None
    site = source.choice(found)
    assert site.opened.end is not None
    gone_ms = last_ms(history)
    absence = Absence(site.message.at_ms, gone_ms)
    end = End(site.message.at_ms + 1, "UNAVAILABLE", "the server goes away")
    broken = with_stream(history, site.subscriber, site.stream, replace(site.opened, end=end))
    return replace(broken, absences=(absence,))


def _refused_though_named(history: History, source: random.Random) -> History | None:
    found = [site for site in sites(history) if not site.after]
    if not found:
        return None
    site = source.choice(found)
    end = End(site.message.at_ms + 1, "NOT_FOUND", "there is no portfolio of that name")
    return with_stream(history, site.subscriber, site.stream, replace(site.opened, end=end))


_APART: dict[str, Apply] = {
    "a message is about another portfolio": _of_another,
    "an answer is about another portfolio": _answered_of_another,
    "everything is about another portfolio": _asked_for_another,
}

_GONE: dict[str, Apply] = {
    "a message comes though it is named no more": _said_when_gone,
    "streams are handed over as it goes": _handed_over_when_gone,
    "messages come though it is never named again": _said_for_ever,
}

MUTATIONS = [
    *(Mutation(Promise.APART, name, apply) for name, apply in _APART.items()),
    *(Mutation(Promise.GONE, name, apply) for name, apply in _GONE.items()),
    Mutation(Promise.ENDED, "a portfolio is refused though it is named", _refused_though_named),
]
