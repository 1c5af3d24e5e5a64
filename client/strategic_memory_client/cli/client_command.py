"""Makes a command of a function that uses a client: connection flags, failures and exit codes come with it."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import typer

from strategic_memory_client.cli.connection import open_client
from strategic_memory_client.cli.exit_codes import ExitCode, exit_code_of
from strategic_memory_client.cli.standard_output import let_go_of_stdout
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.errors import StrategicMemoryError

_Flags = ParamSpec("_Flags")


def client_command(
    body: Callable[Concatenate[StrategicMemoryClient, _Flags], ExitCode], *, default_timeout_s: float = 5.0
) -> Callable[..., None]:
    """Return the command: it takes the flags of `body` and of the connection, and ends with an exit code."""
    own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
    connection = inspect.signature(open_client, eval_str=True).parameters
    timeout = connection["timeout"].replace(default=default_timeout_s)

    @functools.wraps(body)
    def command(*arguments: _Flags.args, **flags: _Flags.kwargs) -> None:
        to_connect: dict[str, Any] = {name: flags.pop(name) for name in connection}
        client = open_client(**to_connect)
        raise typer.Exit(_ended(client, lambda: body(client, *arguments, **flags)))

    # What typer makes the flags from: both signatures, one after the other.
    parameters = [*own, *({**connection, "timeout": timeout}).values()]
    command.__dict__["__signature__"] = inspect.Signature(parameters, return_annotation=None)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


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
    """Write one line to stderr."""
    sys.stderr.write(f"strategic-memory: {' '.join(message.split())}\n")
    sys.stderr.flush()
