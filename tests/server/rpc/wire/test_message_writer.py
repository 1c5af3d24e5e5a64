"""Every field of every message that is written by its names is filled, from an attribute of its own."""

from __future__ import annotations

import dataclasses
import enum
import itertools
import types
import typing
from collections.abc import Callable, Iterator

import pytest
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from strategic_memory.v1 import admin_pb2, analysis_pb2, feedback_pb2, figures_pb2, past_advice_pb2
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures, TradeFigures
from strategic_memory_server.evidence.view import EvidenceView
from strategic_memory_server.figures.correlation import Correlation
from strategic_memory_server.figures.drift import Drift
from strategic_memory_server.figures.dwell import Dwell
from strategic_memory_server.figures.performance import Performance
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import Context, SourceReport
from strategic_memory_server.rpc.wire import figures_to_wire, past_advice_to_wire, to_wire
from strategic_memory_server.rpc.wire.message_writer import WRITERS, Writer
from strategic_memory_server.what_if.past_advice.past_advice import PastAdvice
from strategic_memory_server.what_if.regime_details import Transition

OF_THE_DOMAIN: dict[type[Message], type] = {
    admin_pb2.AdminState: Intervention,
    feedback_pb2.Feedback: Feedback,
    feedback_pb2.Heartbeat: Feedback,
    feedback_pb2.Evidence: EvidenceView,
    analysis_pb2.Analysis: Analysis,
    analysis_pb2.RegimeAnalysis: RegimeFigures,
    analysis_pb2.PolicyAnalysis: TradeFigures,
    analysis_pb2.StrategyAnalysis: TradeFigures,
    analysis_pb2.RegimeTransition: Transition,
    analysis_pb2.SourceReport: SourceReport,
    analysis_pb2.Context: Context,
    figures_pb2.Performance: Performance,
    figures_pb2.Drift: Drift,
    figures_pb2.RegimeCourse: Dwell,
    figures_pb2.RegimeCorrelation: Correlation,
    figures_pb2.PolicyCorrelation: Correlation,
    past_advice_pb2.PastAdvice: PastAdvice,
}
"""Messages that are written, and what they are written of; the others are part of these."""


def filled(kind: object, counter: Iterator[int]) -> object:
    """A value of a type in which nothing is absent, and no two numbers or texts are the same."""
    of = typing.get_args(kind)
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return filled(next(each for each in of if each is not types.NoneType), counter)
    if typing.get_origin(kind) is tuple:
        return tuple(filled(each, counter) for each in of if each is not ...)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return list(kind)[-1]
    if kind is Context:
        return Context(Policy.BALANCED, "RANGE", {"a": 1}, {"b": 2}, {"c": 3}, {"d": 4})
    if isinstance(kind, type) and (dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")):
        return kind(**{name: filled(hint, counter) for name, hint in typing.get_type_hints(kind).items()})
    if typing.get_origin(kind) is not None:
        return {f"name {next(counter)}": next(counter)}
    plain: dict[object, Callable[[int], object]] = {
        int: int,
        float: float,
        str: "text {}".format,
        bool: bool,
    }
    return plain[kind](next(counter))


def assert_filled(message: Message, writer: Writer[Message], seen: set[object]) -> None:
    """Every field that the writer takes from the value is there, and none says what another one does."""
    found = {field.name: value for field, value in message.ListFields()}
    assert set(found) == set(writer.fields), message.DESCRIPTOR.full_name
    for name, value in found.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.enum_type is not None or isinstance(value, bool):
            continue
        for each in value if field.is_repeated and isinstance(value, typing.Sequence) else [value]:
            if isinstance(each, Message) and not isinstance(each, Struct | Timestamp):
                assert_filled(each, WRITERS[each.DESCRIPTOR.full_name], seen)
                continue
            said = str(each)
            assert said not in seen, f"{message.DESCRIPTOR.full_name}.{name} says what another field says"
            seen.add(said)


@pytest.mark.parametrize("kind", OF_THE_DOMAIN, ids=lambda kind: kind.DESCRIPTOR.full_name)
def test_every_field_is_written_from_an_attribute_of_its_own(kind: type[Message]) -> None:
    writer = WRITERS[kind.DESCRIPTOR.full_name]
    value = filled(OF_THE_DOMAIN[kind], itertools.count(1))
    assert_filled(writer.write(value), writer, set())


def test_every_writer_is_tried() -> None:
    reached: set[str] = set()

    def reach(message: object) -> None:
        name = message.full_name  # type: ignore[attr-defined]  # a descriptor
        if name in WRITERS and name not in reached:
            reached.add(name)
            for field in message.fields:  # type: ignore[attr-defined]  # likewise
                if field.message_type is not None and field.name in WRITERS[name].fields:
                    reach(field.message_type)

    for kind in OF_THE_DOMAIN:
        reach(kind.DESCRIPTOR)
    said = [value for module in (to_wire, figures_to_wire, past_advice_to_wire) for value in vars(module).values()]
    assert {each.kind.DESCRIPTOR.full_name for each in said if isinstance(each, Writer)} <= reached
    assert set(WRITERS) == reached


def test_a_field_that_the_message_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match=r"strategic_memory\.v1\.Drift has no drifts$"):
        Writer(figures_pb2.Drift, {"drifts": "trades"})
