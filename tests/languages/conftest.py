"""What the tests of client libraries in other languages run against."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from certificates import Authority
from conftest import StartService
from languages.library_checks import publish


@pytest.fixture
def guarded(start_service: StartService, tmp_path: Path) -> dict[str, str]:
    """A service with a certificate for `memory.test` that knows one token; how to reach it, for the tests."""
    authority = Authority(tmp_path, "authority")
    certificate = authority.certificate("server")
    (tmp_path / "token").write_text("a-token-of-tests\n")
    digest = hashlib.sha256(b"a-token-of-tests").hexdigest()
    (tmp_path / "access").write_text(f"tests read sha256:{digest}\n")
    service = start_service(
        env={
            "STRATEGIC_MEMORY_VALIDITY": "60",
            "STRATEGIC_MEMORY_TLS_CERT": str(certificate.chain),
            "STRATEGIC_MEMORY_TLS_KEY": str(certificate.key),
            "STRATEGIC_MEMORY_ACCESS_FILE": str(tmp_path / "access"),
        }
    )
    return {
        "STRATEGIC_MEMORY_TLS_ADDRESS": service.grpc_address,
        "STRATEGIC_MEMORY_ROOT_CERTIFICATES": str(authority.own.chain),
        "STRATEGIC_MEMORY_TOKEN_FILE": str(tmp_path / "token"),
    }


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Address that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def surroundings(
    start_service: StartService, redis_client: redis.Redis, guarded: dict[str, str], silent_address: str
) -> dict[str, str]:
    """The environment for the tests that a library brings: where the servers are, one of which has published."""
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": "60"})
    publish(redis_client, service.grpc_address)
    return {
        **os.environ,
        **guarded,
        "STRATEGIC_MEMORY_ADDRESS": service.grpc_address,
        "STRATEGIC_MEMORY_SILENT_ADDRESS": silent_address,
    }
