"""Writes down each call of an operator: who, what, and what came of it. Whoever is not known is left to the metrics."""

from __future__ import annotations

import structlog
from google.protobuf import text_format
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from google.protobuf.message import Message

from strategic_memory_server.faults.errors import OutOfScopeError, UnauthenticatedError
from strategic_memory_server.rpc.behaviour import Behaviour, CallContext
from strategic_memory_server.rpc.caller import KNOWN

LONGEST_SHOWN = 1_000
"""Most characters of a request that are written down."""

logger = structlog.get_logger(__name__)


def audited(behaviour: Behaviour, path: str) -> Behaviour:
    """Wrap a behaviour, a coroutine function, of a method; `path`: "/package.Service/Method"."""
    method = path.rpartition("/")[2]

    async def call(request: object, context: CallContext) -> object:
        by, outcome = None, "done"
        try:
            response: object = await behaviour(request, context)
        except UnauthenticatedError:
            outcome = ""
            raise
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
            by = error.name if isinstance(error, OutOfScopeError) else None
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


def _text(request: object) -> str:
    if not isinstance(request, Message):
        return "{}"
    try:
        return str(MessageToDict(request, preserving_proto_field_name=True))
    except (ValueError, SerializeToJsonError):
        # JSON has no form for a time that is none.
        return text_format.MessageToString(request, as_one_line=True)
