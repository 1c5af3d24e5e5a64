"""A service with the settings of the Helm chart answers the probes of the chart, asked as Kubernetes asks them."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from conftest import StartService
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from helm_chart import Resource, container, settings_in
from processes import ServiceProcess, eventually
from service_calls import get_json

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.system

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
LISTENERS = {"STRATEGIC_MEMORY_GRPC_ADDRESS": "127.0.0.1:0", "STRATEGIC_MEMORY_HTTP_ADDRESS": "127.0.0.1:0"}


def is_answered(probe: Resource, service: ServiceProcess) -> bool:
    """Ask as a kubelet does: by gRPC in plain text, or over HTTPS by address, without a look at the certificate."""
    if "grpc" in probe:
        with grpc.insecure_channel(service.grpc_address) as channel:
            health: Any = HealthStub(channel)
            return bool(health.Check(HealthCheckRequest(), timeout=30).status == HealthCheckResponse.SERVING)
    asked = probe["httpGet"]
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    url = f"{asked['scheme'].lower()}://{service.http_address}{asked['path']}"
    try:
        with urllib.request.urlopen(url, timeout=30, context=unverified) as answer:  # noqa: S310 - of this very service
            return bool(200 <= answer.status < 400)
    except urllib.error.HTTPError:
        return False


@pytest.mark.parametrize("variant", ["plain", "tokens alone", "tls and tokens"])
def test_the_probes_are_answered(variant: str, start_service: StartService, tmp_path: Path) -> None:
    given = settings_in(tmp_path, variant)
    del given["REDIS_URL"]
    service = start_service(env={**given, **LISTENERS})
    for name in PROBES:
        eventually(partial(is_answered, container(variant)[name], service))


def test_a_pod_that_never_reached_redis_lives_and_replaces_no_other(
    fresh_redis: EmbeddedRedis, start_service: StartService, tmp_path: Path
) -> None:
    given = settings_in(tmp_path, "plain")
    del given["REDIS_URL"]
    fresh_redis.kill()
    service = start_service(fresh_redis.url, env={**given, **LISTENERS})
    answered = {name: is_answered(container("plain")[name], service) for name in PROBES}
    assert answered == {"startupProbe": True, "livenessProbe": True, "readinessProbe": False}
    fresh_redis.start()
    readiness = partial(is_answered, container("plain")["readinessProbe"], service)
    eventually(readiness)
    fresh_redis.kill()
    eventually(lambda: bool(get_json(service, "/health")["problems"]))
    assert readiness()
