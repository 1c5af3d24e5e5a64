"""What an operator does with grpcurl, redis-cli and curl."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import suppress
from typing import Any, cast

import pytest
from conftest import StartService
from processes import eventually

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

SERVICE = "strategic_memory.v1.StrategicMemoryService"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def snake_case(document: object) -> object:
    """Spell field names as the wire does; grpcurl shows them in either spelling, by version."""
    if isinstance(document, list):
        return [snake_case(item) for item in document]
    if isinstance(document, dict):
        return {re.sub("([A-Z])", r"_\1", name).lower(): snake_case(value) for name, value in document.items()}
    return document


def first_document(text: str) -> dict[str, Any]:
    return cast("dict[str, Any]", snake_case(json.JSONDecoder().raw_decode(text)[0]))


def first_streamed(*command: str) -> dict[str, Any]:
    """Run a command that has no end of its own until it has shown one document."""
    shown = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            shown += line
            with suppress(json.JSONDecodeError):
                found = first_document(shown)
                process.kill()
                return found
    pytest.fail(f"it has ended without a whole document: {shown!r}")


def xadd_three(redis_cli: str, redis_server: EmbeddedRedis) -> None:
    for pnl in ("0.31", "0.25", "0.4"):
        added = run(
            redis_cli, "-p", str(redis_server.port), "XADD", "quantum:stream:meta.regime", "*",
            "regime", "BULL", "pnl", pnl, "volatility", "0.012", "trend", "0.001", "confidence", "0.8",
            "timestamp", "2026-01-05T09:30:00Z",
        )  # fmt: skip
        assert added.returncode == 0, added.stderr


def test_three_observations_by_hand_make_a_feedback(
    start_service: StartService, redis_server: EmbeddedRedis, redis_cli: str
) -> None:
    start_service(sync_interval_s=0.2)
    xadd_three(redis_cli, redis_server)

    def feedback() -> dict[str, object]:
        shown = run(redis_cli, "-p", str(redis_server.port), "GET", "quantum:feedback:strategic_memory").stdout
        found: dict[str, object] = json.loads(shown) if shown.strip() else {}
        return found

    found = eventually(feedback)
    assert (found["preferred_regime"], found["updated_policy"], found["leverage_hint"]) == ("BULL", "AGGRESSIVE", 1.68)
    log = run(redis_cli, "-p", str(redis_server.port), "XLEN", "quantum:stream:strategic_feedback")
    assert int(log.stdout) >= 1


@pytest.mark.parametrize("symbol", [SERVICE, "grpc.health.v1.Health"])
def test_grpcurl_lists_and_describes(start_service: StartService, grpcurl: str, symbol: str) -> None:
    address = start_service().grpc_address
    listed = run(grpcurl, "-plaintext", address, "list")
    assert symbol in listed.stdout.split()
    described = run(grpcurl, "-plaintext", address, "describe", symbol)
    assert described.returncode == 0
    assert f"{symbol} is a service" in described.stdout


def test_grpcurl_describes_methods_and_what_is_in_messages(start_service: StartService, grpcurl: str) -> None:
    address = start_service().grpc_address
    for symbol, what in {
        f"{SERVICE}.GetFeedback": "is a method:",
        "strategic_memory.v1.Feedback.leverage_hint": "is a field:",
        "strategic_memory.v1.StreamFeedbackResponse.event": "is a one-of:",
        "strategic_memory.v1.ERROR_REASON_DRAINING": "is an enum value:",
        "grpc.reflection.v1.ServerReflection.ServerReflectionInfo": "is a method:",
    }.items():
        described = run(grpcurl, "-plaintext", address, "describe", symbol)
        assert what in described.stdout, (symbol, described.stderr)


def test_grpcurl_reads_the_feedback(
    start_service: StartService, redis_server: EmbeddedRedis, redis_cli: str, grpcurl: str
) -> None:
    address = start_service(sync_interval_s=0.2).grpc_address
    xadd_three(redis_cli, redis_server)

    def active() -> bool:
        answered = run(grpcurl, "-plaintext", address, f"{SERVICE}/GetFeedback")
        feedback = first_document(answered.stdout)["feedback"]
        return bool(
            feedback["status"] == "FEEDBACK_STATUS_ACTIVE"
            and feedback["preferred_regime"] == "BULL"
            and feedback["regime_performance"]["sample_count"] == "3"
        )

    eventually(active)
    first = first_streamed(grpcurl, "-plaintext", "-max-time", "60", address, f"{SERVICE}/StreamFeedback")
    assert first["feedback"]["preferred_regime"] == "BULL"
    analysed = run(grpcurl, "-plaintext", "-d", '{"settings": {"minimumSamples": 4}}', address, f"{SERVICE}/Analyze")
    document = first_document(analysed.stdout)
    assert document["analysis"]["regimes"][0]["regime"] == "BULL"
    assert document["feedback"]["status"] == "FEEDBACK_STATUS_WARMING_UP"
    assert document["feedback"]["reasons"][0]["code"] == "TOO_FEW_ENTRIES"


@pytest.mark.parametrize("service", ["", SERVICE])
def test_grpcurl_health(start_service: StartService, grpcurl: str, service: str) -> None:
    address = start_service().grpc_address
    request = json.dumps({"service": service})
    checked = run(grpcurl, "-plaintext", "-d", request, address, "grpc.health.v1.Health/Check")
    assert json.loads(checked.stdout) == {"status": "SERVING"}
    watch = (grpcurl, "-plaintext", "-max-time", "60", "-d", request, address, "grpc.health.v1.Health/Watch")
    assert first_streamed(*watch) == {"status": "SERVING"}


def test_grpcurl_shows_what_is_wrong_with_a_request(start_service: StartService, grpcurl: str) -> None:
    address = start_service().grpc_address
    refused = run(grpcurl, "-plaintext", "-d", '{"heartbeatInterval": "0.01s"}', address, f"{SERVICE}/StreamFeedback")
    assert refused.returncode != 0
    assert "InvalidArgument" in refused.stderr
    assert '"field": "heartbeat_interval"' in refused.stderr
    assert "Traceback" not in refused.stderr
