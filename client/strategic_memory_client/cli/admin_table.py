"""What operators have said, as a table for a terminal, and as rows of that of a feedback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.text import NOT_KNOWN, moment, name, number, plain
from strategic_memory_client.values.admin import AdminState
from strategic_memory_client.values.overrides import Freeze, Override


def print_admin_state(state: AdminState) -> None:
    """Print what operators have said."""
    now = datetime.now(UTC)
    about = f" about {plain(state.portfolio)}" if state.portfolio else ""
    table = Table(title=f"What operators say{about}", title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("number", str(state.number))
    for what, text in hand_rows(state.override, state.freeze, now):
        table.add_row(what, Text(text))
    if state.override is None and state.freeze is None:
        table.add_row("override", NOT_KNOWN)
    table.add_row("in force", "yes" if state.is_in_force else "no")
    advice = state.feedback
    says = f"{advice.status.value} {advice.updated_policy.value}, leverage {number(advice.leverage_hint)}"
    table.add_row("advice", Text(says))
    Console().print(table)


def hand_rows(override: Override | None, freeze: Freeze | None, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what operators say, as names and texts of rows."""
    if override is not None:
        bounds = [name(override.policy)] if override.policy is not None else []
        bounds += [f"leverage {number(override.leverage)}"] if override.leverage is not None else []
        does = "set to" if override.is_forced else "at most"
        yield "override", f"{does} {' and '.join(bounds)} until {moment(override.until, now)}"
        yield "by", f"{plain(override.set_by)}: {plain(override.reason)}"
        if override.rules_leverage_hint is not None:
            yield "without it", f"{name(override.rules_policy)}, leverage {number(override.rules_leverage_hint)}"
    if freeze is not None:
        held = f"revision {freeze.revision} of epoch {plain(freeze.epoch)}"
        yield "held", f"{held} until {moment(freeze.until, now)}"
        yield "by", f"{plain(freeze.set_by)}: {plain(freeze.reason)}"
