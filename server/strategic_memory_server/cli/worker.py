"""One of the processes of `serve --workers`: a program that the process which starts them runs, and nobody else."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

import structlog

from strategic_memory_server.cli.exit_codes import EXIT_FAILED, EXIT_OK, FAILURES, exit_code_of
from strategic_memory_server.cli.serving import serve
from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.monitoring.logging_setup import set_up_logging
from strategic_memory_server.process.event_loop import loop_factory
from strategic_memory_server.tracing.asked import log_ids
from strategic_memory_server.workers.link import Link, NoAnswerError
from strategic_memory_server.workers.worker_side import WorkerSide


async def _work(end: socket.socket) -> int:
    worker = WorkerSide(await Link.over(end, {}))
    async with worker.open():
        try:
            number, settings = await worker.settings()
        except NoAnswerError:
            return EXIT_FAILED
        try:
            environment = read_environment(settings)
            told = [_named(number), *log_ids(os.environ)]
            lines = set_up_logging(environment.log_level, environment.log_format, told)
            await serve(environment, lines, worker=worker)
        except FAILURES as failure:
            # The process that started this one says it once for all.
            await worker.failed(str(failure), exit_code_of(failure))
            return exit_code_of(failure)
    return EXIT_OK


def _named(number: int) -> structlog.typing.Processor:
    """Return what adds the number of the worker to each line of the log."""

    def add(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**line, "worker": number}

    return add


def main() -> None:
    """Serve as one of several.

    The arguments are the descriptor of a socket to the process that has started this, and the event loop it asks for.
    """
    end = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(end.fileno(), False)
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    with asyncio.Runner(loop_factory=loop_factory(sys.argv[2])) as runner:
        code = runner.run(_work(end))
    sys.stdout.flush()
    sys.stderr.flush()
    # As the command ends: nobody waits for an analysis in hand.
    os._exit(code)


if __name__ == "__main__":
    main()
