"""Admits a bounded number of calls: of a method at once, of one caller at once and in a second; others are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Collection, Iterator, Mapping
from contextlib import contextmanager

from strategic_memory_server.faults.limits import TooManyAnalysesError, TooManyCallsError
from strategic_memory_server.identity.request_rate import RequestRate
from strategic_memory_server.rpc.behaviour import Behaviour, CallContext
from strategic_memory_server.rpc.caller import caller_of


class Admission:
    """Wraps behaviours so that calls beyond the bounds are refused, not queued.

    Args:
        most_at_once: calls admitted at once, by "/package.Service/Method"; others are not limited.
        most_of_caller: of those, calls of one caller.
        rate: counts the calls of each caller in a second; None: they are not limited.
        unmetered: services whose calls it does not count.
    """

    def __init__(
        self,
        most_at_once: Mapping[str, int],
        most_of_caller: Mapping[str, int] | None = None,
        rate: RequestRate | None = None,
        unmetered: Collection[str] = (),
    ) -> None:
        self._most_at_once = most_at_once
        self._most_of_caller = most_of_caller or {}
        self._rate = rate
        self._unmetered = unmetered

    def admitting(self, behaviour: Behaviour, path: str) -> Behaviour:
        """Wrap a behaviour of a method."""
        take = None if self._rate is None or path.split("/")[1] in self._unmetered else self._rate.take
        most = self._most_at_once.get(path)
        if take is None and most is None:
            return behaviour
        in_hand = None if most is None else _InHand(path, most, self._most_of_caller.get(path, most))

        def admitted(request: object, context: CallContext) -> Awaitable[object]:
            caller = caller_of(context)
            if take is not None:
                take(caller)
            return behaviour(request, context) if in_hand is None else counted(in_hand, caller, request, context)

        async def counted(in_hand: _InHand, caller: str, request: object, context: CallContext) -> object:
            with in_hand.one_more(caller):
                return await behaviour(request, context)

        return admitted


class _InHand:
    """The calls of a method that are in hand."""

    def __init__(self, path: str, most: int, most_of_caller: int) -> None:
        self._path = path
        self._most = most
        self._most_of_caller = most_of_caller
        self._by_caller: Counter[str] = Counter()

    @contextmanager
    def one_more(self, caller: str) -> Iterator[None]:
        """Count a call until the context is left. Raises TooManyCallsError, TooManyAnalysesError."""
        if self._by_caller.total() >= self._most:
            raise TooManyCallsError(self._path, self._most)
        if self._by_caller[caller] >= self._most_of_caller:
            raise TooManyAnalysesError(self._most_of_caller)
        self._by_caller[caller] += 1
        try:
            yield
        finally:
            self._by_caller[caller] -= 1
            if not self._by_caller[caller]:
                del self._by_caller[caller]
