"""InputProblems: states what is wrong with inputs, used or refused, and withdraws it once that is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import asdict

import numpy as np

from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.entries.entry_fields import WRITTEN_FOR_NONE
from strategic_memory_server.entries.notes import (
    CONFIDENCE_OUT_OF_RANGE,
    ID_IN_FUTURE,
    ID_IS_NO_TIME,
    POLICY_UNRECOGNISED,
    REGIME_NOT_OBSERVED,
    TRADE_ID_HASHED,
    TRADE_ID_REPEATED,
    TRADE_ID_REUSED,
)
from strategic_memory_server.entries.oddities import (
    LOOKED_AT,
    Oddity,
    different_units,
    look_alikes,
    mixed_among_few,
    mixed_units,
    newest_sizes,
    shown,
)
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.leverage_caps import CAP_SOURCES
from strategic_memory_server.inputs.refused_inputs import REFUSED_IN_A_ROW, refusals
from strategic_memory_server.memory.strategic_memory import SourceReport, StrategicMemory

_OF_NOTES = {
    ID_IS_NO_TIME: "ids_no_times",
    ID_IN_FUTURE: "ids_in_future",
    CONFIDENCE_OUT_OF_RANGE: "confidence_out_of_range",
    TRADE_ID_HASHED: "trade_ids_hashed",
    TRADE_ID_REUSED: "trade_ids_reused",
}
"""Problem by note."""

MALFORMED_TOLD = 2_500
"""From so many malformed entries among those that were looked at for a window they are a flood."""

_NOT_GIVEN = frozenset(name.upper() for name in WRITTEN_FOR_NONE)

_SENTENCES = {
    "malformed_flood": "{entries} malformed entries of {source} lie among the newest, most of them for {example}: they "
    "are passed over, some at a time, and what is usable among them comes later. Stop or mend their producer",
    "ids_in_future": "{entries} entries of {source} have ids beyond the clock of Redis by more than a minute, such as "
    "{example}: they count in the order of their ids, but tell no time. Let Redis give the ids, or count milliseconds",
    "ids_no_times": "{entries} entries of {source} have ids that lie before 1990 as milliseconds, such as {example}: "
    "they count in the order of their ids, but tell no time. Let Redis give the ids, or count milliseconds",
    "confidence_out_of_range": "{entries} entries of {source} give a confidence that is not from 0 to 1, such as "
    "{example}: it counts as 0. Let the regime detector write a share",
    "trade_ids_hashed": "{entries} entries of {source} have a trade_id above 64 characters, or not printable UTF-8, "
    "such as {example}: a digest of it tells them apart. Let the producer write shorter ids",
    "trade_ids_repeat": "{entries} entries of {source}, more than count, have the trade_id of an earlier one, such as "
    "{example}: they are taken for the same trade sent again, and left out. Let the producer give each trade an id of "
    "its own, or none",
    "trade_ids_reused": "{entries} entries of {source} have the trade_id of an earlier one and another pnl, such as "
    "{example}: the first counts, and they are left out. Let the producer give each trade, and each part of one that "
    "is closed by itself, an id of its own, or none",
    "policies_unrecognised": "{entries} entries of {source} name a policy, and none of them CONSERVATIVE, BALANCED or "
    "AGGRESSIVE: the evidence learns nothing of them. Let the producer write one of these, without a class or quotes",
    "units_mixed": "{entries} entries of {source} seem to be in another unit than the others, such as {example}: means "
    "of them say nothing. Let all producers write the pnl in one unit",
    "regimes_look_alike": "{entries} entries of {source} name a regime that looks like another one, such as {example}: "
    "they count as another regime. Let all producers spell it in the same way",
    "regimes_missing": "none of the {entries} entries of {source} has a regime, and none was observed by the time they "
    "were opened: nothing can be advised upon them. Let the producer write it (market_regime of a trade, regime of a "
    "portfolio entry), or start the regime detector before it",
    "regimes_not_given": "{entries} entries of {source} name as their regime what programs write for none, such as "
    "{example}: they count as a regime of that name. Let the producer leave the field out",
}


REFUSED = "inputs_refused"
"""Problem: a source is refused as a whole, in its newest entries, or in many."""


class InputProblems:
    """Looks at what was read.

    Args:
        problems: where it is stated.
        minimum_samples: entries needed before there is advice.
    """

    def __init__(self, problems: Problems, minimum_samples: int) -> None:
        self._problems = problems
        self._minimum_samples = minimum_samples
        self._seen: tuple[object, ...] = ()

    def look(self, memory: StrategicMemory, reported_elsewhere: AbstractSet[str] = frozenset()) -> None:
        """State what is wrong with a memory, and withdraw what no longer is.

        Args:
            memory: what was read.
            reported_elsewhere: sources whose refusal is a problem of its own.
        """
        seen = *_seen(memory), reported_elsewhere
        if seen == self._seen:
            return
        self._seen = seen
        # Where there is too little to advise upon, every refused input may be why.
        too_few = memory.sample_count < self._minimum_samples
        sources = [report for report in memory.sources if report.source not in reported_elsewhere]
        if refused := refusals(sources, all_of_them=too_few):
            told = f"{refused}. docs/redis.md says what is read; mend the producer."
            self._problems.state(REFUSED, told + _uncapped(memory, sources))
        else:
            self._problems.withdraw(REFUSED)
        found: dict[str, list[Oddity]] = {problem: [] for problem in _SENTENCES}
        for report in memory.sources:
            for problem, oddity in _of_entries(report, memory):
                found[problem].append(oddity)
        found["units_mixed"].extend(_in_other_units(memory))
        entries = _entries_by_regime(memory)
        found["regimes_look_alike"].extend(_look_alikes(entries))
        found["regimes_not_given"].extend(_not_given(entries))
        for problem, oddities in found.items():
            if oddities:
                sentences = (_SENTENCES[problem].format(**asdict(oddity)) for oddity in oddities)
                self._problems.state(problem, "; ".join(sentences) + ".")
            else:
                self._problems.withdraw(problem)


def _of_entries(report: SourceReport, memory: StrategicMemory) -> Iterator[tuple[str, Oddity]]:
    """Yield what is strange about the entries of one source, each with its problem."""
    for note in _OF_NOTES.keys() & report.noted.keys():
        yield _OF_NOTES[note], Oddity(report.source, report.noted[note], report.examples[note])
    if (repeated := report.noted.get(TRADE_ID_REPEATED, 0)) > report.accepted:
        yield "trade_ids_repeat", Oddity(report.source, repeated, report.examples[TRADE_ID_REPEATED])
    unrecognised = report.noted.get(POLICY_UNRECOGNISED, 0)
    if unrecognised >= REFUSED_IN_A_ROW and not np.any(memory.trades.policy >= 0):
        yield "policies_unrecognised", Oddity(report.source, unrecognised, "")
    unknown = report.noted.get(REGIME_NOT_OBSERVED, 0)
    if unknown >= REFUSED_IN_A_ROW and unknown == report.accepted:
        yield "regimes_missing", Oddity(report.source, unknown, "")
    if (malformed := sum(report.rejected.values())) > MALFORMED_TOLD:
        main_reason = max(report.rejected, key=lambda reason: report.rejected[reason])
        yield "malformed_flood", Oddity(report.source, malformed, main_reason)


def _uncapped(memory: StrategicMemory, sources: Iterable[SourceReport]) -> str:
    """Say of which refused inputs no cap is in force, since none was ever read; empty: of none."""
    capping = {cap.source for cap in memory.context.leverage_caps}
    refused = [each.source for each in sources if each.rejected and each.source in CAP_SOURCES]
    uncapped = " and ".join(source for source in refused if source not in capping)
    return f" No cap on leverage of {uncapped} is in force." if uncapped else ""


def _seen(memory: StrategicMemory) -> tuple[object, ...]:
    """Return what changes whenever entries come or go."""
    ends = [
        (window.pnl[:1].tobytes(), window.pnl[-1:].tobytes(), window.time_ms[:1].tolist(), window.time_ms[-1:].tolist())
        for window in (memory.regimes, memory.portfolio, memory.trades)
    ]
    return memory.sources, memory.regime_names, ends


def _in_other_units(memory: StrategicMemory) -> list[Oddity]:
    sizes = {
        keys.META_REGIME: newest_sizes(memory.regimes.pnl),
        keys.PORTFOLIO_MEMORY: newest_sizes(memory.portfolio.pnl),
        keys.TRADE_RESULTS: newest_sizes(memory.trades.pnl),
    }
    within = [oddity for source, column in sizes.items() for oddity in mixed_units(source, column)]
    return within or list(different_units(sizes)) or list(mixed_among_few(sizes))


def _entries_by_regime(memory: StrategicMemory) -> Counter[str]:
    entries: Counter[str] = Counter()
    if memory.totals is not None:
        for counted in (memory.totals.observed.pnl, memory.totals.earned, memory.totals.traded.pnl):
            entries.update({name: total.entries for name, total in counted.items()})
    # Those without a pnl, which are in no total, say which regime is the present one.
    regimes, pnl = memory.regimes.regime[-LOOKED_AT:], memory.regimes.pnl[-LOOKED_AT:]
    entries.update(memory.regime_names[code] for code in regimes[np.isnan(pnl)].tolist())
    return entries


def _not_given(entries: Counter[str]) -> list[Oddity]:
    found = sorted(entries.keys() & _NOT_GIVEN)
    return [Oddity("all streams", sum(entries[name] for name in found), found[0])] if found else []


def _look_alikes(entries: Counter[str]) -> list[Oddity]:
    found = look_alikes(entries)
    if not found:
        return []
    name, usual = found[0]
    count = sum(entries[name] for name, _ in found)
    return [Oddity("all streams", count, f"{shown(name)} beside {shown(usual)}")]
