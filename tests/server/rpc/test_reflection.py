"""Server reflection: both versions find by name whatever the served contract holds, methods too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_reflection.v1alpha.reflection_pb2 import (
    ExtensionRequest,
    ServerReflectionRequest,
    ServerReflectionResponse,
)
from in_process_server import InProcessServer

from strategic_memory_server.rpc.reflection import METHOD, V1, V1ALPHA, Reflection
from strategic_memory_server.rpc.server import ADMIN_SERVICE_NAME, SERVICE_NAME

SERVICE_FILE = "strategic_memory/v1/service.proto"
FEEDBACK_FILE = "strategic_memory/v1/feedback.proto"


@pytest.fixture(scope="module")
def reflection() -> Reflection:
    return Reflection([SERVICE_NAME])


def files_of(response: ServerReflectionResponse) -> list[descriptor_pb2.FileDescriptorProto]:
    assert not response.HasField("error_response"), response.error_response
    return [
        descriptor_pb2.FileDescriptorProto.FromString(raw)
        for raw in response.file_descriptor_response.file_descriptor_proto
    ]


@pytest.mark.parametrize(
    ("symbol", "file"),
    {
        SERVICE_NAME: SERVICE_FILE,
        f".{SERVICE_NAME}": SERVICE_FILE,
        f"{SERVICE_NAME}.GetFeedback": SERVICE_FILE,
        f"{SERVICE_NAME}/StreamFeedback": SERVICE_FILE,
        "strategic_memory.v1.Feedback": FEEDBACK_FILE,
        "strategic_memory.v1.Feedback.leverage_hint": FEEDBACK_FILE,
        "strategic_memory.v1.StreamFeedbackResponse.event": SERVICE_FILE,
        "strategic_memory.v1.SourceReport.RejectedEntry.key": "strategic_memory/v1/analysis.proto",
        "strategic_memory.v1.Policy": FEEDBACK_FILE,
        "strategic_memory.v1.POLICY_BALANCED": FEEDBACK_FILE,
        "google.rpc.ErrorInfo": "google/rpc/error_details.proto",
        "grpc.health.v1.Health.Watch": "grpc/health/v1/health.proto",
        f"{V1}.{METHOD}": "grpc/reflection/v1/reflection.proto",
        f"{V1ALPHA}.{METHOD}": "grpc_reflection/v1alpha/reflection.proto",
        "grpc.reflection.v1.ErrorResponse.error_code": "grpc/reflection/v1/reflection.proto",
    }.items(),
)
def test_what_is_asked_for_by_name_is_found(reflection: Reflection, symbol: str, file: str) -> None:
    response = reflection.answer(ServerReflectionRequest(host="h", file_containing_symbol=symbol))
    files = files_of(response)
    names = [each.name for each in files]
    assert names[0].endswith(file.rpartition("/")[2])
    assert files[0].package == symbol.removeprefix(".")[: len(files[0].package)]
    assert len(names) == len(set(names))
    needed = {dependency for each in files for dependency in each.dependency}
    assert needed <= set(names), "a file comes with all that it needs"
    assert (response.valid_host, response.original_request.file_containing_symbol) == ("h", symbol)


@pytest.mark.parametrize(
    "request_",
    [
        ServerReflectionRequest(file_containing_symbol=f"{SERVICE_NAME}.Reset"),
        ServerReflectionRequest(file_containing_symbol=f"{SERVICE_NAME}."),
        ServerReflectionRequest(file_containing_symbol="strategic_memory.v1"),
        ServerReflectionRequest(file_containing_symbol=""),
        ServerReflectionRequest(file_containing_symbol="é\x1b[2J" * 1_000),
        ServerReflectionRequest(file_by_filename="../etc/passwd"),
        ServerReflectionRequest(all_extension_numbers_of_type="nobody.Knows"),
        ServerReflectionRequest(
            file_containing_extension=ExtensionRequest(containing_type="strategic_memory.v1.Feedback")
        ),
        ServerReflectionRequest(
            file_containing_extension=ExtensionRequest(
                containing_type="google.protobuf.FieldOptions", extension_number=-1
            )
        ),
    ],
)
def test_what_is_not_there_is_told(reflection: Reflection, request_: ServerReflectionRequest) -> None:
    response = reflection.answer(request_)
    assert response.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert len(response.error_response.error_message) < 300


def test_a_file_and_its_extensions(reflection: Reflection) -> None:
    files = files_of(reflection.answer(ServerReflectionRequest(file_by_filename=SERVICE_FILE)))
    assert files[0].name == SERVICE_FILE
    assert files[0].options.go_package
    none = reflection.answer(ServerReflectionRequest(all_extension_numbers_of_type="strategic_memory.v1.Feedback"))
    assert none.all_extension_numbers_response.base_type_name == "strategic_memory.v1.Feedback"
    assert list(none.all_extension_numbers_response.extension_number) == []


def test_a_question_that_is_none_is_told(reflection: Reflection) -> None:
    error = reflection.answer(ServerReflectionRequest()).error_response
    assert error.error_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_v1_is_not_called_deprecated(reflection: Reflection) -> None:
    (file,) = files_of(reflection.answer(ServerReflectionRequest(file_containing_symbol=V1)))
    assert not file.options.deprecated
    assert "v1alpha" not in str(file)


@pytest.mark.parametrize("version", [V1, V1ALPHA])
async def test_both_versions_are_served(service: InProcessServer, version: str) -> None:
    async def questions() -> AsyncIterator[ServerReflectionRequest]:
        yield ServerReflectionRequest(list_services="")
        yield ServerReflectionRequest(file_containing_symbol=f"{SERVICE_NAME}.Analyze")

    async with grpc.aio.insecure_channel(service.server.address) as channel:
        call = channel.stream_stream(
            f"/{version}/{METHOD}",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )(questions(), timeout=30)
        listed, found = [answer async for answer in call]
    names = [each.name for each in listed.list_services_response.service]
    assert names == ["grpc.health.v1.Health", V1, V1ALPHA, ADMIN_SERVICE_NAME, SERVICE_NAME]
    assert files_of(found)[0].name == SERVICE_FILE
