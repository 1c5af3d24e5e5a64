"""What a shadow was worth, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strategic_memory_server.figures.mean_pnl import MeanPnl
from strategic_memory_server.memory.shown_time import shown_time
from strategic_memory_server.what_if.past_advice.past_advice import PastAdvice
from strategic_memory_server.what_if.shadow.differences import Asked, Differences, Divergence, TradeMean
from strategic_memory_server.what_if.shadow.shadow_report import ShadowReport

STRETCHES_SHOWN = 5
"""Newest stretches of which each has a line."""


def shadow_text(report: ShadowReport, settings: Sequence[str]) -> str:
    """Return the text: in what the two differed and for how long, and what came with what each said.

    Args:
        report: what was found.
        settings: in what the settings of the shadow differ from those of the service.
    """
    lines = [f"{shown_time(report.since_ms)} to {shown_time(report.until_ms)}, service and shadow"]
    lines += [f"  {each}" for each in settings]
    for name, found in (("preferred", report.preferred), ("current", report.current)):
        lines += ["", f"The advice for the {name} regime", *(f"  {line}" for line in _differences(found))]
    for name, past in (("service", report.service), ("shadow", report.shadow)):
        lines += ["", f"What the {name} said", *(f"  {line}" for line in _past(past))]
    return "\n".join([*lines, "", "It shows what came with the advice, not what the advice has caused."])


def _differences(found: Differences) -> Iterator[str]:
    if not found.stretches:
        yield "never differed"
        return
    share = "" if found.share_of_time is None else f" {found.share_of_time:.1%} of the time,"
    yield f"differed{share} in {_counted(found.stretches, 'stretch', 'stretches')}"
    yield (
        f"trades opened while the policies differed: as the service advised {_trades(found.as_service)}; as the shadow "
        f"advised {_trades(found.as_shadow)}; as neither {found.as_neither}"
    )
    yield (
        f"trades opened while the leverages differed: sized as the shadow advised, each would have earned more by "
        f"{_trades(found.resized)}; together {found.resized_total:.4g}"
    )
    for stretch in found.newest[-STRETCHES_SHOWN:]:
        yield _stretch(stretch)


def _stretch(stretch: Divergence) -> str:
    mean = "" if stretch.mean_pnl is None else f", mean pnl {stretch.mean_pnl:.4g}"
    return (
        f"{shown_time(stretch.since_ms)} to {shown_time(stretch.until_ms)}: {_asked(stretch.service)}, shadow "
        f"{_asked(stretch.shadow)}; {_counted(stretch.trades, 'trade', 'trades')}{mean}"
    )


def _past(past: PastAdvice) -> Iterator[str]:
    revisions, changes = _counted(past.revisions, "revision", "revisions"), past.after_changes
    yield f"{revisions}; {_counted(past.trades, 'trade', 'trades')} opened after the first of them"
    yield (
        f"changes of advice: {changes.revisions}; mean pnl after less that before, over {changes.compared} of them: "
        f"{_mean(changes.change)}"
    )
    for each in past.calibrations:
        if each.found.brier_score is not None:
            yield (
                f"confidence about {each.subject.value} ({each.version}): "
                f"{_counted(each.found.statements, 'judged statement', 'judged statements')}, came true "
                f"{each.found.base_rate or 0.0:.1%}, Brier score {each.found.brier_score:.3f}"
            )


def _asked(asked: Asked | None) -> str:
    if asked is None:
        return "nothing"
    # A regime is named by another program.
    regime = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in asked.regime)
    return f"{regime} {asked.policy.name} {asked.leverage:g}"


def _trades(found: TradeMean) -> str:
    return "none" if not found.trades else f"{_mean(found.pnl)} over {_counted(found.trades, 'trade', 'trades')}"


def _mean(found: MeanPnl) -> str:
    if found.mean is None:
        return "not known"
    span = "" if found.interval is None else f" ({found.interval.low:.4g} to {found.interval.high:.4g})"
    return f"{found.mean:.4g}{span}"


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
