"""What `/health` and the metrics say of the portfolios beside the default one, however many there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

from strategic_memory_server.advice.feedback import FeedbackStatus
from strategic_memory_server.monitoring.metrics import StateCollector
from strategic_memory_server.monitoring.service_state import ServiceState

MOST_SHOWN = 100
"""Portfolios of which the report tells more than the count; those with problems come first."""

GATHERED_AT_ONCE = 20
"""Portfolios whose gauges are read before anything else is done: some 2 ms."""

States = Mapping[str, ServiceState]


def with_portfolios(report: dict[str, Any], states: States, total: int, *, names_them: bool) -> dict[str, Any]:
    """Return the report of a service with its further portfolios; where there are none, as it is.

    Any of them that is in trouble is a problem of the service.

    Args:
        report: that of the default portfolio.
        states: the others that this server follows.
        total: how many others there are.
        names_them: whether everybody may know which they are and what is wrong with each; else they are counted.
    """
    if not total:
        return report
    told = {name: (state.status.value.lower(), state.problems_told()) for name, state in states.items()}
    troubled = {name: found for name, found in told.items() if found[1]}
    shown = dict(islice({**troubled, **told}.items(), MOST_SHOWN if names_them else 0))
    portfolios = {
        "total": total,
        "followed": len(told),
        "by_status": dict(sorted(Counter(status for status, _ in told.values()).items())),
        "with_problems": len(troubled),
        "shown": {name: {"status": status, "problems": found} for name, (status, found) in sorted(shown.items())},
    }
    problems = _named_problems(troubled) if names_them else _counted_problems(len(troubled))
    return {**report, "problems": [*report["problems"], *problems], "portfolios": portfolios}


def _named_problems(troubled: Mapping[str, tuple[str, list[str]]]) -> list[str]:
    problems = [f"portfolio {name}: {'; '.join(found[1])}" for name, found in islice(troubled.items(), MOST_SHOWN)]
    if len(troubled) > MOST_SHOWN:
        problems.append(f"and {len(troubled) - MOST_SHOWN} more portfolios have problems")
    return problems


def _counted_problems(troubled: int) -> list[str]:
    return [f"portfolios with problems: {troubled}; strategic-memory portfolios shows them"] if troubled else []


class PortfoliosMetrics:
    """The gauges of the default portfolio; with the label `portfolio` those of the first others by name; counts of all.

    Servers that follow others of them tell of the same ones: where one told of a portfolio and its leader did not, it
    would look as if nobody led.

    Args:
        default: the default portfolio.
        states: gives the others that this server follows.
        named: gives the names of all others, sorted.
        most: so many of these have gauges of their own, where they are followed.
    """

    def __init__(
        self, default: ServiceState, states: Callable[[], States], named: Callable[[], Sequence[str]], most: int
    ) -> None:
        self._default = StateCollector(default.gauges())
        self._states = states
        self._named = named
        self._most = most

    async def gathered(self) -> list[Metric]:
        """Return the metrics as they stand now. Others have their turn meanwhile: of many portfolios it takes long."""
        states = self._states()
        families = {family.name: family for family in self._default.collect()}
        labelled = [name for name in self._named()[: self._most] if name in states]
        for number, name in enumerate(labelled, 1):
            for family in StateCollector(states[name].gauges()).of_portfolio():
                of_all = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                of_all.samples += [
                    sample._replace(labels={**sample.labels, "portfolio": name}) for sample in family.samples
                ]
            if number % GATHERED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return [*families.values(), *(_counts(states) if states else ())]


def _counts(states: States) -> Iterable[Metric]:
    counts = GaugeMetricFamily(
        "strategic_memory_portfolios", "Portfolios beside the default one, by status.", labels=["status"]
    )
    found = Counter(state.status for state in states.values())
    for status in FeedbackStatus:
        counts.add_metric([status.value.lower()], found[status])
    yield counts
    yield GaugeMetricFamily(
        "strategic_memory_portfolios_with_problems",
        "Portfolios beside the default one that have a problem, or whose feedback is stale.",
        value=sum(bool(state.problems_told()) for state in states.values()),
    )
