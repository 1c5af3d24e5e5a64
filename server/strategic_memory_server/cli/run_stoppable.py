"""run_stoppable: runs a coroutine that a signal ends where it waits next, so that it tidies up what it has begun."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from strategic_memory_server.cli.stopping import stop
from strategic_memory_server.process.ending_signals import ending_signals

ResultT = TypeVar("ResultT")


def run_stoppable(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run it and return what it gives.

    An exception that a handler of signals raises comes between any two steps: between a folder that is made and the
    `try` that removes it, or within a callback, where it is taken for an error of something else.

    Raises:
        SystemExit: the program was told to stop.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals are not for it.
        return asyncio.run(work)
    told: list[int] = []
    before = {number: signal.getsignal(number) for number in ending_signals()}

    async def run() -> ResultT:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def stop_here(number: int) -> None:
            told.append(number)
            if task is not None:
                task.cancel()

        for number in before:
            loop.add_signal_handler(number, stop_here, number)
        return await work

    try:
        return asyncio.run(run())
    except BaseException:
        # What was cancelled may well end with an error of its own.
        if told:
            stop(told[0], None)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
