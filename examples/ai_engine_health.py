"""The health of an AI engine, with that of the strategic memory merged into it.

    python examples/ai_engine_health.py --listen 127.0.0.1:8010                             # its own alone
    python examples/ai_engine_health.py --listen 127.0.0.1:8010 --memory 127.0.0.1:8001     # merged
    curl -s localhost:8010/health | jq .metrics.strategic_memory

`metrics.strategic_memory` is what the service's own `/health` says there. Where the service cannot be asked, or says
something else, it is of status `unreachable` with the safe values, and `problems` says why. The engine itself is well
all the same: it answers 200 for as long as it runs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SAFE = {
    "recommended_policy": "CONSERVATIVE",
    "confidence_boost": 0.0,
    "leverage_hint": 1.0,
    "preferred_regime": "UNKNOWN",
}
LARGEST_BYTES = 1_000_000
TIMEOUT_S = 1.0
KEPT_S = 1.0
"""Seconds for which an answer of the service is shown again, so that many who ask here ask there once."""


class MemoryHealth:
    """What the service says of itself. Several threads may ask."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._lock = threading.Lock()
        self._asked_s = float("-inf")
        self._said: tuple[dict[str, Any], list[str]] = ({}, [])

    def now(self) -> tuple[dict[str, Any], list[str]]:
        """Return `metrics.strategic_memory` of the service, and the problems that it tells."""
        with self._lock:
            if time.monotonic() - self._asked_s >= KEPT_S:
                self._said = self._ask()
                self._asked_s = time.monotonic()
            return self._said

    def _ask(self) -> tuple[dict[str, Any], list[str]]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", "/health")
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.OK:
                raise ValueError(f"it answers {answer.status} {answer.reason}")
            return told_by(json.loads(answer.read(LARGEST_BYTES)))
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            why = f"{self._host}:{self._port} does not say how it is: {type(error).__name__}: {error}"
            return {"status": "unreachable", **SAFE}, [f"strategic memory: {why}"]
        finally:
            connection.close()


def told_by(health: object) -> tuple[dict[str, Any], list[str]]:
    """Return what the health of a service says of its advice, and its problems; ValueError where it says nothing."""
    told = health if isinstance(health, dict) else {}
    metrics, problems = told.get("metrics"), told.get("problems")
    memory = metrics.get("strategic_memory") if isinstance(metrics, dict) else None
    if not isinstance(memory, dict) or not isinstance(memory.get("status"), str):
        raise ValueError("it has no metrics.strategic_memory with a status: is it the HTTP side of the service?")
    return memory, [f"strategic memory: {problem}" for problem in problems] if isinstance(problems, list) else []


def report(started_s: float, memory: MemoryHealth | None) -> dict[str, Any]:
    """Return the health of the engine."""
    merged: dict[str, Any] = {"ai_engine": {"uptime_s": round(time.monotonic() - started_s, 1)}}
    problems: list[str] = []
    if memory is not None:
        merged["strategic_memory"], problems = memory.now()
    return {"status": "ok", "problems": problems, "metrics": merged}


def handler(memory: MemoryHealth | None) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests."""
    started_s = time.monotonic()

    class Health(BaseHTTPRequestHandler):
        """Answers `GET /health`."""

        timeout = 5.0

        def do_GET(self) -> None:
            """Answer with the health as JSON, or 404."""
            if self.path.partition("?")[0] != "/health":
                self.send_error(404)
                return
            body = json.dumps(report(started_s, memory)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  so http.server has it
            """Say nothing of each request."""

    return Health


def address(text: str) -> tuple[str, int]:
    """Return host and port; ArgumentTypeError where a text is no `host:port`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError("write host:port, for example 127.0.0.1:8001")
    return host, int(port)


def main() -> int:
    """Read the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(description="Serve the health of an AI engine.")
    parser.add_argument(
        "--listen", type=address, default=("127.0.0.1", 8010), metavar="HOST:PORT", help="port 0: a free one"
    )
    parser.add_argument(
        "--memory", type=address, metavar="HOST:PORT", help="HTTP side of the service; without it nothing is merged"
    )
    chosen = parser.parse_args()
    try:
        server = ThreadingHTTPServer(chosen.listen, handler(MemoryHealth(*chosen.memory) if chosen.memory else None))
    except OSError as error:
        parser.error(f"--listen: cannot be listened on: {error}")
    print(f"health at http://{chosen.listen[0]}:{server.server_address[1]}/health", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
