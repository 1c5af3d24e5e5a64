"""GetFeedback over TLS with a token, against the same service without either, on warm connections in a closed loop."""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import service
from benchmarks.harness.report import report
from benchmarks.harness.rounds import in_turn
from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.identity.access_file import digest_of, new_token

_ASK = service_pb2.GetFeedbackRequest()
_WARM_UP_CALLS = 200


@dataclass(frozen=True, slots=True)
class Rate:
    """What one server did in one round: requests a second, and its processor time for each, microseconds."""

    per_s: float
    cpu_us: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A server, a stub on a connection to it, and what goes with each call."""

    server: Child
    stub: Any
    metadata: tuple[tuple[str, str], ...]

    def rate(self, seconds: float, at_once: int) -> Rate:
        """Ask for so long, so many calls at once."""
        self._ask(_WARM_UP_CALLS)
        answered, cpu_before_s, started_s = 0, self.server.cpu_s(), time.perf_counter()
        while time.perf_counter() - started_s < seconds:
            answered += self._ask(at_once)
        elapsed_s, cpu_s = time.perf_counter() - started_s, self.server.cpu_s() - cpu_before_s
        return Rate(answered / elapsed_s, cpu_s / answered * 1e6)

    def _ask(self, calls: int) -> int:
        for answer in [self.stub.GetFeedback.future(_ASK, metadata=self.metadata) for _ in range(calls)]:
            answer.result()
        return calls


def _certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that vouches for itself, and return it; its key is beside it."""
    asked = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", *asked.split(), "-addext", "subjectAltName=IP:127.0.0.1", *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"


def _run(options: argparse.Namespace) -> Mapping[str, list[Rate]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="strategic-memory-bench-")))
        certificate, token = _certificate(folder), new_token()
        (folder / "access").write_text(f"bench read sha256:{digest_of(token).hex()}\n")
        server = stack.enter_context(EmbeddedRedis())
        with redis.Redis.from_url(server.url) as client:
            fill(client, random.Random(options.seed), "bench")
        # A flood is what it is about.
        any_rate = "1000000"
        plain = stack.enter_context(service(server.url, key_prefix="bench", role="serve", caller_rate=any_rate))
        encrypted = stack.enter_context(
            service(
                server.url,
                key_prefix="bench",
                tls_cert=str(certificate),
                tls_key=str(folder / "key.pem"),
                access_file=str(folder / "access"),
                caller_rate=any_rate,
            )
        )
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        channels = {
            "ours": (encrypted, grpc.secure_channel(encrypted.grpc_address, credentials)),
            "floor": (plain, grpc.insecure_channel(plain.grpc_address)),
        }
        asked = {
            side: Asked(
                child,
                service_pb2_grpc.StrategicMemoryServiceStub(stack.enter_context(channel)),
                (("authorization", f"Bearer {token}"),) if side == "ours" else (),
            )
            for side, (child, channel) in channels.items()
        }
        return in_turn(
            {side: partial(each.rate, options.seconds, options.callers) for side, each in asked.items()}, options.rounds
        )


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=11)
    parser.add_argument("--callers", type=positive, default=50, help="calls at once")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each server in each round, seconds")
    options = parser.parse_args()
    rates = _run(options)
    report(
        options.json,
        f"GetFeedback over TLS with a token, and without either (floor), {options.callers} calls at once",
        [
            Measure.of("requests answered", "/s", rates, lambda rate: rate.per_s, Hold(Direction.AT_LEAST, 0.80)),
            Measure.of("server's CPU per request", "µs", rates, lambda rate: rate.cpu_us),
        ],
    )


if __name__ == "__main__":
    main()
