"""Messages of the wire with a value of its own in every field, and whether values of the library hold the same."""

from __future__ import annotations

from datetime import UTC

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp


def filled(message: Message) -> None:
    """Give every field a value of its own, and every list one item."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is Timestamp.DESCRIPTOR:
            getattr(message, field.name).FromSeconds(field.number)
        elif field.message_type is not None:
            part = getattr(message, field.name)
            filled(part.add() if field.is_repeated else part)
        elif field.is_repeated:
            getattr(message, field.name).append(field.number + 0.5)
        elif field.enum_type is not None or field.type == field.TYPE_BOOL:
            setattr(message, field.name, 1)
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, f"R{field.number}")
        else:
            setattr(message, field.name, field.number)


def assert_same(value: object, message: Message) -> None:
    """Every field of a value is that of the message, None where it is absent."""
    for field in message.DESCRIPTOR.fields:
        own, sent = getattr(value, field.name), getattr(message, field.name)
        if field.is_repeated and field.message_type is not None:
            assert len(own) == len(sent)
            for each, part in zip(own, sent, strict=True):
                assert_same(each, part)
        elif field.is_repeated:
            assert own == tuple(sent)
        elif field.has_presence and not message.HasField(field.name):
            assert own is None, field.name
        elif field.message_type is Timestamp.DESCRIPTOR:
            assert own == sent.ToDatetime(tzinfo=UTC)
        elif field.message_type is not None:
            assert_same(own, sent)
        elif field.enum_type is not None:
            assert (own is None) == (sent == 0)
            assert own is None or field.enum_type.values_by_number[sent].name.endswith(f"_{own}")
        else:
            assert own == sent, field.name
