"""Makes a command of a function that uses a client: connection flags, failures and exit codes come with it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec

import click

from strategic_memory_client.cli.connection import (
    CONNECTION_FLAGS,
    connection_options,
    context_option,
    in_context,
    open_client,
)
from strategic_memory_client.cli.exit_codes import EXIT_CODES_HELP, ExitCode, exit_code_of
from strategic_memory_client.cli.help_text import help_text
from strategic_memory_client.cli.standard_output import let_go_of_stdout
from strategic_memory_client.cli.text import one_line
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.values.errors import StrategicMemoryError

_Flags = ParamSpec("_Flags")


def client_command(
    *examples: str, default_timeout_s: float = 5.0
) -> Callable[[Callable[Concatenate[StrategicMemoryClient, _Flags], ExitCode]], click.Command]:
    """Make a command of a function: it takes its flags and those of the connection, and ends with an exit code.

    `examples` are shown by --help, after the docstring of the function.
    """

    def make(body: Callable[Concatenate[StrategicMemoryClient, _Flags], ExitCode]) -> click.Command:
        @functools.wraps(body)
        def command(*arguments: _Flags.args, **flags: _Flags.kwargs) -> None:
            to_connect: dict[str, Any] = {name: flags.pop(name) for name in CONNECTION_FLAGS}
            name: Any = flags.pop("context_name")
            client = open_client(**in_context(name, to_connect))
            click.get_current_context().exit(_ended(client, lambda: body(client, *arguments, **flags)))

        # Decorators count from the last one up.
        with_connection: Callable[..., Any] = command
        own_flags = command.__dict__.pop("__click_params__", [])
        for option in reversed([context_option, *connection_options(default_timeout_s)]):
            with_connection = option(with_connection)
        with_connection.__dict__["__click_params__"].extend(own_flags)
        return click.command(help=help_text(body, *examples), epilog=EXIT_CODES_HELP)(with_connection)

    return make


def _ended(client: StrategicMemoryClient, run: Callable[[], ExitCode]) -> ExitCode:
    try:
        with client:
            code = run()
        sys.stdout.flush()
    except StrategicMemoryError as error:
        complain(str(error))
        return exit_code_of(error)
    except BrokenPipeError:
        # Whoever read our output has seen enough: that is no failure.
        let_go_of_stdout()
        return ExitCode.OK
    except OSError as error:
        complain(f"the output cannot be written: {error.strerror or error}")
        let_go_of_stdout()
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return code


def complain(message: str) -> None:
    """Write one line to stderr, where it is read: the exit code, and what goes on, do not depend on that."""
    with suppress(OSError):
        sys.stderr.write(f"strategic-memory: {one_line(message)}\n")
        sys.stderr.flush()
