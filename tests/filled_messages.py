"""Messages of the wire with a value of its own in every field, and whether values hold the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp


def fields_of(message: Message) -> list[FieldDescriptor]:
    """Its fields; the stubs know two types of them."""
    descriptor: Any = message.DESCRIPTOR
    return list(descriptor.fields)


def filled(message: Message, *, places: Iterator[int] | None = None) -> None:
    """Give every field a value that no other has, true to every flag, and every list and map one item.

    Of enums there are fewer members than fields.
    """
    places = itertools.count(2) if places is None else places
    for field in fields_of(message):
        place = next(places)
        part = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            part[f"key {place}"] = place
        elif field.message_type is not None:
            part = part.add() if field.is_repeated else part
            if isinstance(part, Timestamp):
                part.FromSeconds(place)
            elif isinstance(part, Struct):
                part[f"key {place}"] = place
            else:
                filled(part, places=places)
        else:
            value = _value(field, place)
            if field.is_repeated:
                part.append(value)
            else:
                setattr(message, field.name, value)


def _value(field: FieldDescriptor, place: int) -> object:
    if field.enum_type is not None:
        return 1 + place % (len(field.enum_type.values) - 1)
    if field.type == field.TYPE_BOOL:
        return True
    if field.type == field.TYPE_STRING:
        return f"R{place}"
    return 1 / place if field.type == field.TYPE_DOUBLE else place


def assert_same(value: object, message: Message, where: str = "") -> None:
    """Every field of a value is that of the message under the same name, None where it is absent."""
    for field in fields_of(message):
        path = f"{where}.{field.name}"
        own, sent = getattr(value, field.name), getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            assert own == dict(sent), path
        elif field.is_repeated:
            assert len(own) == len(sent), path
            for each, part in zip(own, sent, strict=True):
                _assert_same(each, part, field, path)
        elif field.has_presence and not message.HasField(field.name):
            assert own is None, path
        else:
            _assert_same(own, sent, field, path)


def _assert_same(own: object, sent: object, field: FieldDescriptor, path: str) -> None:
    if isinstance(sent, Timestamp):
        assert own == sent.ToDatetime(tzinfo=UTC), path
    elif isinstance(sent, Struct):
        assert own == MessageToDict(sent), path
    elif isinstance(sent, Message):
        assert_same(own, sent, path)
    elif field.enum_type is not None:
        assert isinstance(sent, int)
        name = field.enum_type.values_by_number[sent].name
        assert name.endswith("_UNSPECIFIED" if own is None else f"_{getattr(own, 'name', own)}"), path
    else:
        assert own == (sent if sent != "" or own is not None else None), path


def hollow(message: Message) -> None:
    """Give every message field and every list of messages one that holds nothing but such."""
    for field in fields_of(message):
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        part = getattr(message, field.name)
        part = part.add() if field.is_repeated else part
        part.SetInParent()
        if not isinstance(part, Timestamp | Struct):
            hollow(part)
