"""Writes down each call of an operator: who, what, and what came of it. Whoever is not known is left to the metrics.

Of calls by those who may not a few a second are written down, and the others counted: whoever reaches the listener can
make any number of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from google.protobuf import text_format
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from google.protobuf.message import Message

from strategic_memory_server.faults.errors import OutOfScopeError, UnauthenticatedError
from strategic_memory_server.faults.limits import TooManyRequestsError
from strategic_memory_server.identity.request_rate import RequestRate
from strategic_memory_server.rpc.behaviour import Behaviour, CallContext
from strategic_memory_server.rpc.caller import KNOWN, caller_of

LONGEST_SHOWN = 1_000
"""Most characters of a request that are written down."""

REFUSED_A_SECOND = 5.0
"""So many calls a second of a method by one caller who may not are written down."""

LEFT = "the call has ended before the answer, and may have been carried out all the same: GetState tells"
"""What came of a call whose caller has gone or whose time was over, or that this server has cut off as it ended."""

logger = structlog.get_logger(__name__)


def audited(behaviour: Behaviour, path: str, clock_s: Callable[[], float] = time.monotonic) -> Behaviour:
    """Wrap a behaviour, a coroutine function, of a method; `path`: "/package.Service/Method"."""
    method, refusals = path.rpartition("/")[2], _Refusals(clock_s)

    async def call(request: object, context: CallContext) -> object:
        by, outcome = None, "done"
        try:
            response: object = await behaviour(request, context)
        except UnauthenticatedError:
            outcome = ""
            raise
        except OutOfScopeError as error:
            by, outcome = error.name, refusals.told(error, caller_of(context))
            raise
        except BaseException as error:
            outcome = _told(error)
            raise
        else:
            return response
        finally:
            if outcome:
                logger.info(
                    "Operator call",
                    method=method,
                    by=by or KNOWN.get() or "anonymous",
                    peer=context.peer(),
                    asked=_text(request)[:LONGEST_SHOWN],
                    outcome=outcome,
                )

    return call


class _Refusals:
    """The calls of a method by those who may not."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._rate = RequestRate(REFUSED_A_SECOND, "", clock_s)
        self._left_out = 0

    def told(self, error: OutOfScopeError, caller: str) -> str:
        """Return what is written down of one; empty: nothing, for there are too many."""
        try:
            self._rate.take(caller)
        except TooManyRequestsError:
            self._left_out += 1
            return ""
        since = f"; {self._left_out} more, of all callers, were refused before" if self._left_out else ""
        self._left_out = 0
        return f"{_told(error)}{since}"


def _told(error: BaseException) -> str:
    return LEFT if isinstance(error, asyncio.CancelledError) else f"{type(error).__name__}: {error}"


def _text(request: object) -> str:
    if not isinstance(request, Message):
        return "{}"
    try:
        return str(MessageToDict(request, preserving_proto_field_name=True))
    except (ValueError, SerializeToJsonError):
        # JSON has no form for a time that is none.
        return text_format.MessageToString(request, as_one_line=True)
