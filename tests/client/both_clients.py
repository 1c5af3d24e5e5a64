"""The blocking and the asynchronous client behind one blocking face, so that one test shows both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, Self, TypeVar

from strategic_memory_client import (
    AnalysisResult,
    AnalysisSettings,
    AsyncStrategicMemoryClient,
    ClientOptions,
    Delivery,
    Feedback,
    InlineMemory,
    Problem,
    ResumePoint,
    ServiceHealth,
    StrategicMemoryClient,
    SubscriptionEvent,
)

_Answer = TypeVar("_Answer")
_Item = TypeVar("_Item")


class BlockingCaller:
    """Uses `StrategicMemoryClient`."""

    def __init__(self, *addresses: str, options: ClientOptions) -> None:
        self._client = StrategicMemoryClient(addresses, options=options)

    @property
    def newest(self) -> Feedback:
        return self._client.newest

    def follow(self) -> None:
        self._client.follow()

    def wait_for_newest(self, timeout_s: float | None = None) -> Feedback:
        return self._client.wait_for_newest(timeout_s)

    def get_feedback(self, timeout_s: float | None = None) -> Feedback:
        return self._client.get_feedback(timeout_s=timeout_s)

    def get_problems(self) -> tuple[Problem, ...]:
        return self._client.get_problems()

    def analyze(self, memory: InlineMemory | None = None, settings: AnalysisSettings | None = None) -> AnalysisResult:
        return self._client.analyze(memory, settings=settings)

    def check_health(self) -> ServiceHealth:
        return self._client.check_health()

    def stream_events(
        self,
        resume_after: ResumePoint | None = None,
        delivery: Delivery = Delivery.LATEST,
        give_up_after_s: float | None = None,
        *,
        send_current: bool = False,
    ) -> Iterator[SubscriptionEvent]:
        return self._client.stream_events(
            resume_after=resume_after, send_current=send_current, delivery=delivery, give_up_after_s=give_up_after_s
        )

    def stream_feedback(self) -> Iterator[Feedback]:
        return self._client.stream_feedback()

    def let_run(self, seconds: float) -> None:
        """Give background work the chance to run; a thread has it anyway."""

    def close_client(self) -> None:
        self._client.close()

    def close(self) -> None:
        self.close_client()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncCaller:
    """Uses `AsyncStrategicMemoryClient`, in a loop of its own that runs while something is asked of it."""

    def __init__(self, *addresses: str, options: ClientOptions) -> None:
        self._runner = asyncio.Runner()
        self._open_generators: list[AsyncGenerator[object]] = []
        self._client = AsyncStrategicMemoryClient(addresses, options=options)

    def run(self, coroutine: Coroutine[Any, Any, _Answer]) -> _Answer:
        return self._runner.run(coroutine)

    @property
    def newest(self) -> Feedback:
        return self._client.newest

    def follow(self) -> None:
        async def follow() -> None:
            self._client.follow()

        self.run(follow())

    def wait_for_newest(self, timeout_s: float | None = None) -> Feedback:
        return self.run(self._client.wait_for_newest(timeout_s))

    def get_feedback(self, timeout_s: float | None = None) -> Feedback:
        return self.run(self._client.get_feedback(timeout_s=timeout_s))

    def get_problems(self) -> tuple[Problem, ...]:
        return self.run(self._client.get_problems())

    def analyze(self, memory: InlineMemory | None = None, settings: AnalysisSettings | None = None) -> AnalysisResult:
        return self.run(self._client.analyze(memory, settings=settings))

    def check_health(self) -> ServiceHealth:
        return self.run(self._client.check_health())

    def stream_events(
        self,
        resume_after: ResumePoint | None = None,
        delivery: Delivery = Delivery.LATEST,
        give_up_after_s: float | None = None,
        *,
        send_current: bool = False,
    ) -> Iterator[SubscriptionEvent]:
        return self._blocking(
            self._client.stream_events(
                resume_after=resume_after, send_current=send_current, delivery=delivery, give_up_after_s=give_up_after_s
            )
        )

    def stream_feedback(self) -> Iterator[Feedback]:
        return self._blocking(self._client.stream_feedback())

    def _blocking(self, items: AsyncGenerator[_Item]) -> Iterator[_Item]:
        self._open_generators.append(items)
        while True:
            try:
                yield self.run(items.asend(None))
            except StopAsyncIteration:
                return

    def let_run(self, seconds: float) -> None:
        """Give background work the chance to run."""
        self.run(asyncio.sleep(seconds))

    def close_client(self) -> None:
        self.run(self._client.aclose())

    def close(self) -> None:
        for items in self._open_generators:
            self.run(items.aclose())
        self.close_client()
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


Caller = BlockingCaller | AsyncCaller
CALLERS: list[type[BlockingCaller | AsyncCaller]] = [BlockingCaller, AsyncCaller]
