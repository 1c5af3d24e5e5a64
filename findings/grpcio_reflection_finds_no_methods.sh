#!/usr/bin/env bash
# grpcio-reflection 1.85.1 with protobuf 7.36.2: the file of a field or of an enum's value is found by name, that of a
# method is not.
#
# Guessed: file_containing_symbol answers for every full name that a descriptor has, `package.Service.Method` among them,
# as the reflection protocol's own comment gives as an example.
# Seen: NOT_FOUND for a method. The reflection servicer asks the descriptor pool, and FindFileContainingSymbol of the
# pool knows messages, fields, enums, their values and services, but no methods; FindMethodByName of the same pool does.
# What follows: tools that name a method (`grpcurl describe package.Service.Method`, load generators) say that the
# service does not have it, although the call itself works.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check grpcio==1.85.1 grpcio-reflection==1.85.1 \
    grpcio-health-checking==1.85.1 protobuf==7.36.2
"$folder/venv/bin/python" - <<'PYTHON'
from concurrent import futures

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

server = grpc.server(futures.ThreadPoolExecutor(2))
reflection.enable_server_reflection(["grpc.health.v1.Health"], server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
names = (
    "grpc.health.v1.Health",
    "grpc.health.v1.Health.Check",
    "grpc.health.v1.HealthCheckRequest.service",
    "grpc.health.v1.HealthCheckResponse.SERVING",
)
found = {}
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    ask = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
    for name in names:
        (answer,) = ask(iter([reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)]))
        found[name] = answer.WhichOneof("message_response") == "file_descriptor_response"
        print(f"grpcio-reflection 1.85.1: {name}: {'found' if found[name] else answer.error_response.error_message}")
server.stop(0)
method = descriptor_pool.Default().FindMethodByName("grpc.health.v1.Health.Check")
print(f"protobuf 7.36.2: FindMethodByName gives {method.full_name} of {method.containing_service.file.name}")
assert health_pb2.DESCRIPTOR.name == method.containing_service.file.name
assert [name for name in names if not found[name]] == ["grpc.health.v1.Health.Check"], found
PYTHON
