"""All commands of both programs: what their lists say of each, and their flags that are numbers."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner
from each_case import each_case

from strategic_memory_client.cli.application import app as of_client
from strategic_memory_server.cli.commands import app as of_server


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, f"{path} {name}")


COMMANDS = [*_commands(of_client, "strategic-memory"), *_commands(of_server, "strategic-memory-server")]
NUMBERS = [
    (f"{path} {parameter.name}", parameter)
    for path, command in COMMANDS
    for parameter in command.params
    if isinstance(parameter.type, (type(click.INT), type(click.FLOAT)))
]


def test_these_are_flags_with_numbers_of_both() -> None:
    named = {name for name, _ in NUMBERS}
    assert {"strategic-memory admin set leverage", "strategic-memory-server replay decay"} <= named


@each_case("parameter", [parameter for _, parameter in NUMBERS])
def test_no_flag_takes_a_number_with_underscores(parameter: click.Parameter) -> None:
    with pytest.raises(click.BadParameter, match="give the number in digits, without underscores"):
        parameter.type.convert("1_0", parameter, None)


@each_case("parameter", [parameter for _, parameter in NUMBERS if isinstance(parameter.type, type(click.FLOAT))])
def test_no_flag_takes_what_is_no_number(parameter: click.Parameter) -> None:
    with pytest.raises(click.BadParameter, match="give a number"):
        parameter.type.convert("nan", parameter, None)


@each_case("group", [command for _, command in COMMANDS if isinstance(command, click.Group)])
def test_a_list_of_commands_cuts_no_sentence_on_a_terminal_of_80_columns(group: click.Group) -> None:
    # Click leaves two of them free.
    printed = group.get_help(click.Context(group, terminal_width=78))
    assert "..." not in printed.partition("\nCommands:\n")[2]


@pytest.mark.parametrize(("group", "given", "meant"), [(of_client, "gett", "get"), (of_server, "serv", "serve")])
def test_a_slip_of_the_pen_in_a_command_is_told_what_may_have_been_meant(
    group: click.Group, given: str, meant: str
) -> None:
    told = CliRunner().invoke(group, [given])
    assert (told.exit_code, f"No such command '{given}'. Did you mean '{meant}'?" in told.output) == (2, True)
    assert "No such command 'xyzzy'.\n" in CliRunner().invoke(group, ["xyzzy"]).output
