"""Fields of a request that this version does not know, of a later one: what they ask for would be left out unseen.

Of an analysis the answer would be to another question, and of an operator something else would be carried out.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from strategic_memory_server.faults.errors import InvalidRequestError, Violation

_TOLD = "has a field {}, which this version of the service does not know: leave it out, or upgrade the service"


def refuse_later_fields(request: Message) -> None:
    """Raise InvalidRequestError, which names the message of the request, for a field that is not known here."""
    for violation in _violations(request, ""):
        raise InvalidRequestError(violation)


def _violations(message: Message, path: str) -> Iterator[Violation]:
    unknown = UnknownFieldSet(message)
    if len(unknown):
        yield Violation(path or "request", _TOLD.format(unknown[0].field_number))
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        at = f"{path}.{field.name}" if path else field.name
        if not field.is_repeated:
            yield from _violations(value, at)
            continue
        for index, each in enumerate(value):
            yield from _violations(each, f"{at}[{index}]")
