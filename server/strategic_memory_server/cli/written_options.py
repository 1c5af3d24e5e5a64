"""Flags on what is in files and how it is written, for the commands that read records and prices."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click

from strategic_memory_server.cli.plain_numbers import Number
from strategic_memory_server.entries.openings import EARLIEST_MS
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.written.ways import Declared
from strategic_memory_server.replay.written.zones import named_zone

_DECIMALS = {"point": ".", "comma": ","}
_ORDERS = {"day-first": "dmy", "month-first": "mdy", "year-first": "ymd"}
_DAY_MS = 86_400_000

Value = str | tuple[str, ...] | None


def _given(_context: click.Context, _parameter: click.Parameter, value: Value) -> Value:
    """Refuse an empty value, as of a variable that is not set: it would count as if the flag was not there."""
    if any(not each.strip() for each in ((value,) if isinstance(value, str) else value or ())):
        raise click.BadParameter("is empty, as a variable that is not set is: leave the flag out")
    return value


def written_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags to a command, which takes `decimal`, `dates` and `zone`."""
    for option in (
        click.option(
            "--zone",
            metavar="ZONE",
            callback=_given,
            help="Of times that name none: Europe/Berlin, +01:00. Default: UTC.",
        ),
        click.option("--dates", type=click.Choice(list(_ORDERS)), help="What comes first in 01/05/2024, or 24-01-05."),
        click.option("--decimal", type=click.Choice(list(_DECIMALS)), help="What stands before decimals, for 1.234."),
    ):
        command = option(command)
    return command


def record_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags to a command, which takes `names`, `kind`, `strategy`, `accept_refused` and `one_unit` too."""
    for option in (
        click.option(
            "--one-unit",
            is_flag=True,
            help="All pnl is of one unit, whatever the files say: money or fractions, one currency.",
        ),
        click.option(
            "--accept-refused",
            type=Number(0.0, 1.0),
            metavar="SHARE",
            help="Share of the rows that may be left out as unreadable. Default: 0.01, of losses and gains alike.",
        ),
        written_options,
        click.option(
            "--strategy",
            metavar="NAME",
            callback=_given,
            help="Whose trades are read, where an export holds several.",
        ),
        click.option(
            "--kind",
            type=click.Choice([kind.name.lower() for kind in Kind]),
            help="What rows are that do not say it. Default: what their columns say.",
        ),
        click.option(
            "--map",
            "names",
            multiple=True,
            metavar="OURS=THEIRS,...",
            callback=_given,
            help="The file's names of columns.",
        ),
    ):
        command = option(command)
    return command


def declared(decimal: str | None, dates: str | None, zone: str | None, *, one_unit: bool = False) -> Declared:
    """Return what the flags say of all columns.

    Raises:
        ValueError: there is no such zone.
    """
    return Declared(
        decimal=_DECIMALS[decimal] if decimal else "",
        order=_ORDERS[dates] if dates else "",
        zone=named_zone(zone) if zone else None,
        one_unit=one_unit,
    )


def possible_ms() -> tuple[int, int]:
    """Return the first and the last time that a record can have, milliseconds since 1970: from 1990 to tomorrow."""
    return EARLIEST_MS, round(time.time() * 1000) + _DAY_MS
