"""Values as messages of the wire, by the names of the fields of the message: what a message is made of is said once.

Each field is taken from the attribute of its name. A time is taken from the attribute with the unit (`since` from
`since_ms`), an enum goes by the name of its member, and what is None stays absent. Where a field is found elsewhere, a
path says so; what is no attribute of the value is given beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Any, Generic, TypeVar

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from strategic_memory_server.memory.json_types import JsonObject

MessageT = TypeVar("MessageT", bound=Message)
Convert = Callable[[Any], object]


class Writer(Generic[MessageT]):
    """Writes messages of one kind, where they are part of another too.

    Args:
        kind: the message.
        paths: attributes, with dots, of the fields that are not found under their name.
        given: fields that are no attributes.
    """

    def __init__(
        self, kind: type[MessageT], paths: Mapping[str, str] | None = None, given: Collection[str] = ()
    ) -> None:
        fields: Mapping[str, Any] = kind.DESCRIPTOR.fields_by_name
        found = paths or {}
        if unknown := {*found, *given} - set(fields):
            raise ValueError(f"{kind.DESCRIPTOR.full_name} has no {', '.join(sorted(unknown))}")
        self.kind = kind
        self.fields = {
            name: found.get(name) or _attribute(field) for name, field in fields.items() if name not in given
        }
        """Path of the attribute of each field that is none of `given`."""
        self._values = attrgetter(*self.fields.values(), "__class__")
        conversions = ((name, _conversion(fields[name])) for name in self.fields)
        self._conversions = [(name, convert) for name, convert in conversions if convert is not None]
        WRITERS[kind.DESCRIPTOR.full_name] = self

    def write(self, value: object, **given: object) -> MessageT:
        """Return a value as a message."""
        # The class comes last and is left out: with it there are two at least, so a tuple in any case.
        found = dict(zip(self.fields, self._values(value), strict=False))
        for name, convert in self._conversions:
            if (one := found[name]) is not None:
                found[name] = convert(one)
        return self.kind(**found, **given)


WRITERS: dict[str, Writer[Any]] = {}
"""By the full name of the message."""


def paths_in(part: str, of: type, without: Collection[str] = ()) -> dict[str, str]:
    """Return the paths of the fields of a dataclass that is itself a part of the value, without those of no message."""
    return {field.name: f"{part}.{field.name}" for field in dataclasses.fields(of) if field.name not in without}


def timestamp(time_ms: int | None) -> Timestamp | None:
    """Return a time in milliseconds since 1970-01-01 UTC; None stays absent."""
    if time_ms is None:
        return None
    seconds, rest_ms = divmod(time_ms, 1000)
    return Timestamp(seconds=seconds, nanos=rest_ms * 1_000_000)


def _struct(value: JsonObject) -> Struct:
    message = Struct()
    message.update(value)
    return message


def numbers_of(kind: EnumDescriptor) -> dict[str, int]:
    """Return the numbers of an enum of the wire by the names of the members, without the prefix that proto asks for."""
    prefix = kind.values[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix): value.number for value in kind.values}


def _attribute(field: FieldDescriptor) -> str:
    return f"{field.name}_ms" if field.message_type is Timestamp.DESCRIPTOR else field.name


def _conversion(field: FieldDescriptor) -> Convert | None:
    """Return what makes a value that is there fit a field; None: it fits as it is."""
    convert = _conversion_of_one(field)
    if convert is None or not field.is_repeated:
        return convert
    return lambda values: [convert(value) for value in values]


def _conversion_of_one(field: FieldDescriptor) -> Convert | None:
    if field.enum_type is not None:
        numbers = numbers_of(field.enum_type)
        return lambda member: numbers[member.name]
    message = field.message_type
    if message is None or message.GetOptions().map_entry:
        return None
    plain: dict[Descriptor, Convert] = {Timestamp.DESCRIPTOR: timestamp, Struct.DESCRIPTOR: _struct}
    return plain.get(message) or (lambda value: _writer_of(message).write(value))


def _writer_of(message: Descriptor) -> Writer[Any]:
    """Return what writes a message: as it was said, otherwise by the names of its fields alone."""
    return WRITERS.get(message.full_name) or Writer(GetMessageClass(message))
