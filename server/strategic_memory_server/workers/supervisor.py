"""Supervisor: starts the workers, starts again what has died, ends them all, and says for all of them how they are."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from typing import Any

import structlog

from strategic_memory_server.monitoring.joined_health import WorkerSeen, joined_health
from strategic_memory_server.process.event_loop import AUTO
from strategic_memory_server.waiting.backoff import Backoff
from strategic_memory_server.waiting.running_tasks import cancel
from strategic_memory_server.workers.link import Answer, NoAnswerError
from strategic_memory_server.workers.worker_metrics import WorkerMetrics
from strategic_memory_server.workers.worker_process import WorkerProcess

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""A worker that has run for so long is started again as if it had never died."""

ENDS_WITHIN_S = 20.0
"""Handing the subscribers over and finishing the sync in hand takes a worker a quarter of that."""

FROZEN_S = 60.0
"""A worker that has answered nothing for so long is killed, seconds; one that a debugger holds for less is not."""

ASKED_PER_FROZEN = 12
"""So many questions in a row it leaves without an answer: a pause of this process, or of the machine, counts as one."""

logger = structlog.get_logger(__name__)


class Supervisor:
    """Runs so many workers.

    Args:
        count: how many.
        settings: what they are told instead of their environment, by the names of settings.
        event_loop: on which they run.
        frozen_s: a worker that has answered nothing for so long is killed, seconds.
    """

    def __init__(
        self, count: int, settings: Mapping[str, Any], event_loop: str = AUTO, frozen_s: float = FROZEN_S
    ) -> None:
        self._frozen_s = frozen_s
        answers: dict[str, Answer] = {"health": self.health, "metrics": self.metrics}
        self.workers = [WorkerProcess(number, settings, answers, event_loop) for number in range(count)]
        self._metrics = WorkerMetrics()
        self._is_stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Run them until `stop` is set.

        Raises:
            WorkerFailedError: one of them ended by itself at its first start.
        """
        lives = [asyncio.create_task(self._keep(each), name=f"worker-{each.number}") for each in self.workers]
        stopped = asyncio.create_task(stop.wait())
        ready = asyncio.create_task(self._tell_when_ready())
        try:
            done, _ = await asyncio.wait({*lives, stopped}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for task in (stopped, ready):
                task.cancel()
            await self._end(lives)

    async def health(self, portfolio: str) -> dict[str, Any]:
        """Return the answer of `/health` about a portfolio for all workers.

        Raises:
            NoAnswerError: none of them answers.
        """
        seen = await asyncio.gather(*(self._seen(each, portfolio) for each in self.workers))
        if all(each.said is None for each in seen):
            raise NoAnswerError("; ".join(f"worker {each.number}: {each.away}" for each in seen))
        return joined_health(seen)

    async def metrics(self, _about: str = "") -> str:
        """Return the answer of `/metrics` for all workers."""
        said = await asyncio.gather(*(each.families() for each in self.workers))
        return self._metrics.page(dict(zip(self.workers, said, strict=True))).decode()

    async def _seen(self, worker: WorkerProcess, portfolio: str) -> WorkerSeen:
        try:
            said = await worker.ask("health", portfolio)
        except NoAnswerError as error:
            return WorkerSeen(worker.number, worker.pid, worker.restarts, str(error), None)
        return WorkerSeen(worker.number, worker.pid, worker.restarts, None, said)

    async def _keep(self, worker: WorkerProcess) -> None:
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while True:
            watching = asyncio.create_task(self._watch(worker), name=f"watch-worker-{worker.number}")
            try:
                ran_s = await worker.live()
            finally:
                await cancel(watching)
            if self._is_stopping:
                return
            if ran_s > STEADY_S:
                backoff.reset()
            pause_s = backoff.next_s()
            logger.warning("Worker ended", worker=worker.number, how=worker.away, again_in_s=round(pause_s, 3))
            worker.waits(worker.away, pause_s)
            await asyncio.sleep(pause_s)

    async def _watch(self, worker: WorkerProcess) -> None:
        """Kill a worker that serves no more and does not end either: half of the connections would wait for it."""
        unanswered, within_s = 0, self._frozen_s / ASKED_PER_FROZEN
        while unanswered < ASKED_PER_FROZEN:
            if worker.is_ready and await worker.is_silent(within_s):
                unanswered += 1
            else:
                unanswered = 0
                await asyncio.sleep(within_s)
        told = {"worker": worker.number, "pid": worker.pid, "for_s": self._frozen_s}
        logger.error("Worker answers nothing, and is killed", **told)
        worker.signal(signal.SIGKILL)

    async def _tell_when_ready(self) -> None:
        for each in self.workers:
            await each.was_ready.wait()
        logger.info("Workers ready", workers=len(self.workers), pids=[each.pid for each in self.workers])

    async def _end(self, lives: list[asyncio.Task[None]]) -> None:
        self._is_stopping = True
        for each in self.workers:
            if each.pid is None:
                # It waits to be started again, which it is not.
                lives[each.number].cancel()
            each.signal(signal.SIGTERM)
        _, late = await asyncio.wait(lives, timeout=ENDS_WITHIN_S)
        for each in self.workers:
            if each.pid is not None:
                logger.error("Worker does not end, and is killed", worker=each.number, pid=each.pid)
                each.signal(signal.SIGKILL)
        if late:
            await asyncio.wait(late)
        for life in lives:
            # Of several that failed one is told.
            if not life.cancelled():
                life.exception()
