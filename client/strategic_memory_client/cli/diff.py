"""`strategic-memory diff`: what changed from one revision to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.client_command import client_command
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.json_lines import feedback_json, json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.past_revisions import NotRetainedError, revision_at
from strategic_memory_client.cli.plain_numbers import Whole
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.cli.text import NOT_KNOWN, plain
from strategic_memory_client.client import StrategicMemoryClient

_REVISION = Whole(min=1)

_TIMES = ("timestamp", "data_as_of", "valid_until")
"""They move with each sync that confirms a revision, and are no part of it."""

Change = tuple[str, object, object]


@client_command("strategic-memory diff 411 412", "strategic-memory diff 400 412 --json | jq .changes")
@click.argument("before", type=_REVISION, metavar="REVISION")
@click.argument("after", type=_REVISION, metavar="REVISION")
@json_option
def diff(client: StrategicMemoryClient, *, before: int, after: int, as_json: bool) -> ExitCode:
    """Show which fields differ between two revisions.

    Both are of the present epoch, and fields have their names on the wire. Times are left out: they move with each sync
    that confirms a revision.
    """
    try:
        old, new = (_said(client, revision) for revision in (before, after))
    except NotRetainedError as error:
        raise click.BadParameter(str(error), param_hint="REVISION") from None
    changes = list(changes_between(old, new))
    if writes_json(as_json):
        told = [{"field": field, "before": was, "after": now} for field, was, now in changes]
        write_line(json_line({"before": before, "after": after, "changes": told}))
    else:
        _print(changes, before, after)
    return ExitCode.OK


def _said(client: StrategicMemoryClient, revision: int) -> dict[str, object]:
    said = feedback_json(revision_at(client, revision))
    return {field: value for field, value in said.items() if field not in _TIMES}


def changes_between(before: object, after: object, path: str = "") -> Iterator[Change]:
    """Yield the path, the old and the new value of each place where two JSON values differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from changes_between(before.get(name), after.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changes_between(old, new, f"{path}[{place}]")
    elif before != after:
        yield path, before, after


def _print(changes: list[Change], before: int, after: int) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("field", f"revision {before}", f"revision {after}"):
        table.add_column(heading, overflow="fold")
    for field, old, new in changes:
        table.add_row(Text(plain(field)), _shown(old), _shown(new))
    Console().print(table if changes else "Nothing differs.")


def _shown(value: object) -> Text:
    return Text(NOT_KNOWN if value is None else plain(value if isinstance(value, str) else json_line(value)))
