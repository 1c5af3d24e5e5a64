"""Flags of both programs that are numbers."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from each_case import each_case

from strategic_memory_client.cli.application import app as of_client
from strategic_memory_server.cli.commands import app as of_server


def _numbers(command: click.Command, path: str) -> Iterator[tuple[str, click.Parameter]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _numbers(found, f"{path} {name}")
    for parameter in command.params:
        if isinstance(parameter.type, (type(click.INT), type(click.FLOAT))):
            yield f"{path} {parameter.name}", parameter


NUMBERS = [*_numbers(of_client, "strategic-memory"), *_numbers(of_server, "strategic-memory-server")]


def test_these_are_flags_with_numbers_of_both() -> None:
    named = {name for name, _ in NUMBERS}
    assert {"strategic-memory admin set leverage", "strategic-memory-server replay decay"} <= named


@each_case("parameter", [parameter for _, parameter in NUMBERS])
def test_no_flag_takes_a_number_with_underscores(parameter: click.Parameter) -> None:
    with pytest.raises(click.BadParameter, match="give the number in digits, without underscores"):
        parameter.type.convert("1_0", parameter, None)
