"""Server reflection, v1 and v1alpha: tells tools such as grpcurl what is served, from the descriptors in this process.

The servicer of grpcio-reflection finds no methods by name and serves v1alpha alone; its messages are used here. Those
of v1 have the same fields with the same numbers under another package name, so one set of classes serves both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

import grpc
from google.protobuf import descriptor_pb2, text_format
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pool import Default, DescriptorPool
from grpc_reflection.v1alpha.reflection_pb2 import (
    DESCRIPTOR,
    ErrorResponse,
    ExtensionNumberResponse,
    FileDescriptorResponse,
    ListServiceResponse,
    ServerReflectionRequest,
    ServerReflectionResponse,
    ServiceResponse,
)

from strategic_memory_server.rpc.boundary import Handler

V1 = "grpc.reflection.v1.ServerReflection"
V1ALPHA = "grpc.reflection.v1alpha.ServerReflection"
METHOD = "ServerReflectionInfo"

_NOT_FOUND = grpc.StatusCode.NOT_FOUND.value[0]
_INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT.value[0]
_LONGEST_NAME = 200


def _pool_of_v1() -> DescriptorPool:
    """Return the descriptors of v1, apart from the default pool, where another package may register them."""
    described = descriptor_pb2.FileDescriptorProto()
    DESCRIPTOR.CopyToProto(described)
    renamed = text_format.Parse(
        text_format.MessageToString(described).replace("v1alpha", "v1"), descriptor_pb2.FileDescriptorProto()
    )
    renamed.options.ClearField("deprecated")
    pool = DescriptorPool()
    pool.Add(renamed)
    return pool


class Reflection:
    """Answers one stream of questions after the other; both versions of the service may use it at once.

    Args:
        services: full names of the services that are served, without those of reflection itself.
    """

    def __init__(self, services: Sequence[str]) -> None:
        self._services = sorted((*services, V1, V1ALPHA))
        self._pools = (Default(), _pool_of_v1())

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers of either version, by the name of the method."""
        handler: Handler = grpc.stream_stream_rpc_method_handler(
            self.answer_all,
            request_deserializer=ServerReflectionRequest.FromString,
            response_serializer=ServerReflectionResponse.SerializeToString,
        )
        return {METHOD: handler}

    async def answer_all(
        self, requests: AsyncIterator[ServerReflectionRequest], _context: object
    ) -> AsyncIterator[ServerReflectionResponse]:
        """Answer each question of a stream."""
        async for request in requests:
            yield self.answer(request)

    def answer(self, request: ServerReflectionRequest) -> ServerReflectionResponse:
        """Answer a question; what cannot be found is an answer too."""
        response = ServerReflectionResponse(valid_host=request.host, original_request=request)
        asked = request.WhichOneof("message_request")
        try:
            match asked:
                case "list_services":
                    names = [ServiceResponse(name=name) for name in self._services]
                    response.list_services_response.CopyFrom(ListServiceResponse(service=names))
                case "file_by_filename":
                    file = self._find(lambda pool: pool.FindFileByName(request.file_by_filename))
                    response.file_descriptor_response.CopyFrom(_files(file))
                case "file_containing_symbol":
                    file = self._file_of_symbol(request.file_containing_symbol)
                    response.file_descriptor_response.CopyFrom(_files(file))
                case "file_containing_extension":
                    wanted = request.file_containing_extension
                    file = self._file_of_extension(wanted.containing_type, wanted.extension_number)
                    response.file_descriptor_response.CopyFrom(_files(file))
                case "all_extension_numbers_of_type":
                    name = request.all_extension_numbers_of_type
                    response.all_extension_numbers_response.CopyFrom(self._extensions(name))
                case _:
                    text = "ask for a file, a symbol, an extension, the extensions of a type, or the services"
                    response.error_response.CopyFrom(ErrorResponse(error_code=_INVALID_ARGUMENT, error_message=text))
        except KeyError:
            name = str(getattr(request, asked or ""))[:_LONGEST_NAME]
            response.error_response.CopyFrom(ErrorResponse(error_code=_NOT_FOUND, error_message=f"not found: {name}"))
        return response

    def _find(self, look: Callable[[DescriptorPool], FileDescriptor]) -> FileDescriptor:
        """Look in each pool. Raises KeyError."""
        for pool in self._pools[:-1]:
            try:
                return look(pool)
            except KeyError:
                continue
        return look(self._pools[-1])

    def _file_of_symbol(self, symbol: str) -> FileDescriptor:
        # Tools ask for a method as "package.Service.Method" or "package.Service/Method".
        name = symbol.removeprefix(".").replace("/", ".")
        try:
            return self._find(lambda pool: pool.FindFileContainingSymbol(name))
        except KeyError:
            return self._find(lambda pool: pool.FindMethodByName(name).containing_service.file)

    def _file_of_extension(self, containing_type: str, number: int) -> FileDescriptor:
        pool = Default()
        extension = pool.FindExtensionByNumber(pool.FindMessageTypeByName(containing_type), number)
        return pool.FindFileContainingSymbol(extension.full_name)

    def _extensions(self, containing_type: str) -> ExtensionNumberResponse:
        pool = Default()
        found = pool.FindAllExtensions(pool.FindMessageTypeByName(containing_type))
        return ExtensionNumberResponse(
            base_type_name=containing_type, extension_number=sorted(extension.number for extension in found)
        )


def _files(file: FileDescriptor) -> FileDescriptorResponse:
    """Return a file and, after it, all that it needs."""
    return FileDescriptorResponse(file_descriptor_proto=[each.serialized_pb for each in _with_dependencies(file)])


def _with_dependencies(file: FileDescriptor) -> Iterator[FileDescriptor]:
    seen, open_files = {file.name}, [file]
    while open_files:
        each = open_files.pop(0)
        yield each
        for dependency in each.dependencies:
            if dependency.name not in seen:
                seen.add(dependency.name)
                open_files.append(dependency)
