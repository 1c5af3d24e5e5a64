"""One reader for every value that has the field names of its message on the wire.

What is absent is None, or the value's own default; so is a number of an enum that this library has no name for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from google.protobuf import struct_pb2
from google.protobuf.message import Message

from strategic_memory_client.wire.enums import members
from strategic_memory_client.wire.times import time_from_wire

_Value = TypeVar("_Value")
_Read: TypeAlias = Callable[[Any], object]


class FieldReader:
    """Reads messages as frozen dataclasses, in which a field bears the name that it has on the wire."""

    def __init__(self, own: Mapping[type, _Read], fallbacks: Mapping[type[StrEnum], StrEnum]) -> None:
        """Read the kinds of `own` by a function each, and by names all others.

        `fallbacks`: what a number that is not known reads as, where the value cannot be None.
        """
        self._own = own
        self._fallbacks = fallbacks
        self._readers: dict[type, tuple[tuple[str, _Read], ...]] = {}

    def read(self, kind: type[_Value], wire: Message) -> _Value:
        """Return the message as a value of this kind, by its field names alone."""
        readers = self._readers.get(kind)
        if readers is None:
            readers = self._readers[kind] = self._readers_of(kind, wire)
        return kind(**{name: read(wire) for name, read in readers})

    def _readers_of(self, kind: type, wire: Message) -> tuple[tuple[str, _Read], ...]:
        hints, on_wire = get_type_hints(kind), wire.DESCRIPTOR.fields_by_name
        names = [field.name for field in fields(kind) if field.name in on_wire]
        return tuple((name, self._of_field(wire, name, hints[name])) for name in names)

    def _of_field(self, message: Message, name: str, hint: object) -> _Read:
        field = message.DESCRIPTOR.fields_by_name[name]
        of_part, takes_none = self._of_one(message, name, hint), NoneType in get_args(hint)
        if field.is_repeated:
            if get_origin(hint) is not tuple:
                return lambda wire: dict(getattr(wire, name))
            if of_part is None:
                return lambda wire: tuple(getattr(wire, name))
            return lambda wire: tuple(map(of_part, getattr(wire, name)))
        if takes_none and field.has_presence:
            if of_part is None:
                return lambda wire: getattr(wire, name) if wire.HasField(name) else None
            return lambda wire: of_part(getattr(wire, name)) if wire.HasField(name) else None
        if of_part is not None:
            return lambda wire: of_part(getattr(wire, name))
        if takes_none:
            return lambda wire: getattr(wire, name) or None
        return lambda wire: getattr(wire, name)

    def _of_one(self, message: Message, name: str, hint: object) -> _Read | None:
        """Return how one value of the field is read; None where it is taken as it is."""
        field = message.DESCRIPTOR.fields_by_name[name]
        kind = _kind_in(hint)
        if kind in self._own:
            return self._own[kind]
        if field.enum_type is not None and issubclass(kind, StrEnum):
            known: Mapping[int, StrEnum] = members(kind, field.enum_type)
            fallback = None if NoneType in get_args(hint) else self._fallbacks[kind]
            return lambda number: known.get(number, fallback)
        if field.message_type is None or (field.is_repeated and get_origin(hint) is not tuple):
            return None
        if field.message_type is struct_pb2.Struct.DESCRIPTOR:
            return _mapping
        if kind is datetime:
            return time_from_wire
        return functools.partial(self.read, kind)


def _kind_in(hint: object) -> type:
    """Return what a field is, whether it may be None or is a tuple of them."""
    while (origin := get_origin(hint)) in (UnionType, tuple):
        hint = next(part for part in get_args(hint) if part is not NoneType)
    kind = origin or hint
    if not isinstance(kind, type):
        raise TypeError(f"a field cannot be read as {hint!r}")
    return kind


def _mapping(wire: struct_pb2.Struct) -> dict[str, object]:
    return {name: _json_value(value) for name, value in wire.fields.items()}


def _json_value(wire: struct_pb2.Value) -> object:
    match wire.WhichOneof("kind"):
        case "struct_value":
            return _mapping(wire.struct_value)
        case "list_value":
            return [_json_value(value) for value in wire.list_value.values]
        case None | "null_value":
            return None
        case kind:
            return getattr(wire, kind)
