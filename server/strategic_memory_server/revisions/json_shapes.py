"""JsonShape: a value as JSON and back, by the names and types of its fields, so that what it is made of is said once.

Somebody else may have written what is read. A value is what its field says, or refused: an int is a count that fits the
wire, a float is finite, a text can be sent, an enum stands by its name, and a field in milliseconds since 1970-01-01
UTC (`since_ms`) stands as ISO 8601, without its unit (`since`). What has `to_plain` and `from_plain` says itself how it
stands. Keys that a later version adds are ignored.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic_core import SchemaSerializer, SchemaValidator, ValidationError, core_schema
from pydantic_core.core_schema import CoreConfig, CoreSchema

from strategic_memory_server.memory.json_types import JsonValue
from strategic_memory_server.revisions.log_times import from_iso, read_time_ms, to_iso

Absent = Mapping[type, Collection[str]]
ValueT = TypeVar("ValueT")

_CONFIG = CoreConfig(strict=True, extra_fields_behavior="ignore", allow_inf_nan=False)
_PLAIN: Mapping[object, CoreSchema] = {
    int: core_schema.int_schema(ge=0, le=2**63 - 1),
    float: core_schema.float_schema(),
    str: core_schema.str_schema(),
    bool: core_schema.bool_schema(),
}
_UNIT_OF_TIME = "_ms"


class JsonShape(Generic[ValueT]):
    """The shape of one kind of value.

    Args:
        kind: a dataclass, or a type that its fields can have.
        may_be_absent: by dataclass, fields that take their default where there is no key for them.
    """

    def __init__(self, kind: type[ValueT], may_be_absent: Absent = types.MappingProxyType({})) -> None:
        schema = _schema(kind, may_be_absent)
        self._reader = SchemaValidator(schema, _CONFIG)
        self._writer = SchemaSerializer(schema, _CONFIG)

    def write(self, value: ValueT) -> JsonValue:
        """Return a value as `json.dumps` takes it, keys in the order of the fields."""
        return cast("JsonValue", self._writer.to_python(value, mode="json", by_alias=True))

    def read(self, raw: bytes | str) -> ValueT:
        """Read JSON; ValueError, naming the first place that is wrong, for anything else than was written."""
        try:
            return cast("ValueT", self._reader.validate_json(raw))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise ValueError(": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))) from None


def _schema(kind: object, may_be_absent: Absent) -> CoreSchema:
    if kind in _PLAIN:
        return _PLAIN[kind]
    of = get_args(kind)
    if get_origin(kind) in (types.UnionType, Union):
        (one,) = (each for each in of if each is not types.NoneType)
        return core_schema.nullable_schema(_schema(one, may_be_absent))
    if get_origin(kind) is tuple:
        return core_schema.tuple_variable_schema(_schema(of[0], may_be_absent))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _enum_schema(kind)
    if isinstance(kind, type) and hasattr(kind, "from_plain") and hasattr(kind, "to_plain"):
        return _plain_schema(kind.from_plain, kind.to_plain)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _dataclass_schema(kind, may_be_absent)
    raise TypeError(f"{kind} has no shape")


def _dataclass_schema(kind: type, may_be_absent: Absent) -> CoreSchema:
    hints = get_type_hints(kind)
    described = []
    for field in dataclasses.fields(kind):
        key, is_time = field.name.removesuffix(_UNIT_OF_TIME), field.name.endswith(_UNIT_OF_TIME)
        schema = core_schema.nullable_schema(_TIME) if is_time else _schema(hints[field.name], may_be_absent)
        if field.name in may_be_absent.get(kind, ()):
            schema = core_schema.with_default_schema(schema, default=field.default)
        described.append(core_schema.dataclass_field(field.name, schema, validation_alias=key, serialization_alias=key))
    return core_schema.dataclass_schema(
        kind,
        core_schema.dataclass_args_schema(kind.__name__, described),
        [field.name for field in dataclasses.fields(kind)],
        slots=True,
        config=_CONFIG,
    )


def _enum_schema(kind: type[enum.Enum]) -> CoreSchema:
    members = kind.__members__

    def named(name: object) -> enum.Enum:
        if not isinstance(name, str) or name not in members:
            raise ValueError(f"is none of {', '.join(members)}")
        return members[name]

    written = core_schema.plain_serializer_function_ser_schema(
        attrgetter("name"), return_schema=core_schema.str_schema()
    )
    return core_schema.no_info_plain_validator_function(named, serialization=written)


def _plain_schema(read: Callable[[JsonValue], object], write: Callable[[Any], JsonValue]) -> CoreSchema:
    written = core_schema.plain_serializer_function_ser_schema(write)
    return core_schema.no_info_plain_validator_function(read, serialization=written)


def _time_ms(text: str) -> int:
    try:
        time_ms = from_iso(text)
    except TypeError:
        raise ValueError("has no timezone") from None
    return read_time_ms(cast("int", time_ms))


_TIME = core_schema.no_info_after_validator_function(
    _time_ms,
    core_schema.str_schema(),
    serialization=core_schema.plain_serializer_function_ser_schema(to_iso, return_schema=core_schema.str_schema()),
)
