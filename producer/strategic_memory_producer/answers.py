"""How the answers of Redis are read: a refusal is one, also where redis-py takes it for the end of the connection."""

from __future__ import annotations

from typing import Any

# There are no other names for them.
from redis._parsers import _AsyncHiredisParser, _AsyncRESP3Parser, _HiredisParser, _RESP3Parser
from redis.exceptions import ResponseError
from redis.utils import HIREDIS_AVAILABLE


def telling_refusals(parser: type[Any]) -> type[Any]:
    """Return a parser that gives LOADING as the answer to one entry, so that those to the others are read."""
    classes = {**parser.EXCEPTION_CLASSES, "LOADING": ResponseError}
    return type(parser.__name__, (parser,), {"EXCEPTION_CLASSES": classes})


PARSER = telling_refusals(_HiredisParser if HIREDIS_AVAILABLE else _RESP3Parser)
ASYNC_PARSER = telling_refusals(_AsyncHiredisParser if HIREDIS_AVAILABLE else _AsyncRESP3Parser)
