"""What a soak has come to, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from soak.run import JUDGED_ROUNDS, Soaked

_TOO_SHORT = f"What grows was not judged: that takes a warm-up of a round for each server and {JUDGED_ROUNDS} more."


def report(came: Soaked) -> str:
    """Return the tables."""
    happened = [
        (
            event,
            str(came.events[event] or ""),
            f"{came.waits.longest_health_ms(event):.0f}",
            f"{came.waits.call_p99_ms(event):.1f}",
        )
        for event in sorted({*came.waits.events, *came.events})
    ]
    grew = [
        (each.server, each.what, f"{each.first:.1f}", f"{each.last:.1f}", "grew" if each.has_grown else "")
        for each in came.courses
    ]
    return "\n".join(
        [
            *_table(("meanwhile", "times", "longest health, ms", "p99 of calls, ms"), happened),
            "",
            *(_table(("server", "what", "first third", "last third", ""), grew) if grew else [_TOO_SHORT]),
            "",
            _summary(came),
            *(f"    {problem}" for problem in came.problems),
        ]
    )


def _summary(came: Soaked) -> str:
    messages = sum(len(stream.messages) for each in came.history.subscribers for stream in each.streams)
    return ", ".join(
        (
            f"{came.events.total()} events in {came.rounds} rounds in {came.seconds:.0f} s",
            f"{len(came.history.publishes)} revisions",
            f"{messages + len(came.history.answers)} deliveries checked",
            f"at most {came.most_mib:.0f} MiB between events",
            f"{len(came.problems)} problems",
        )
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    every = [head, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every]
