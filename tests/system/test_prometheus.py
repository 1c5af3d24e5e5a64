"""The alerts and the dashboard in deploy/, by promtool, and by a Prometheus that scrapes a service."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import redis
from conftest import StartService
from faults.free_ports import free_port
from processes import REPOSITORY, eventually, require_tool
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback

pytestmark = [pytest.mark.system, pytest.mark.processes]

Answer: TypeAlias = Any

DEPLOY = REPOSITORY / "deploy"


@pytest.mark.parametrize("arguments", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts.test.yaml")])
def test_promtool_finds_nothing_wrong_with_the_alerts(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [require_tool("promtool"), *arguments], cwd=DEPLOY / "prometheus",
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def prometheus(targets: list[str], folder: Path) -> Iterator[str]:
    """Run one that scrapes these; yield its address."""
    scrape = {"job_name": "strategic-memory", "scrape_interval": "200ms", "scrape_timeout": "200ms"}
    configuration = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": [str(DEPLOY / "prometheus" / "alerts.yaml")],
        "scrape_configs": [{**scrape, "static_configs": [{"targets": targets}]}],
    }
    (folder / "prometheus.json").write_text(json.dumps(configuration))
    address = f"127.0.0.1:{free_port()}"
    command = [
        require_tool("prometheus"), f"--config.file={folder / 'prometheus.json'}",
        f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(command)
    try:
        yield address
    finally:
        process.terminate()
        process.wait(60)


def answer(address: str, path: str, **asked: str) -> Answer:
    url = f"http://{address}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
    try:
        with urllib.request.urlopen(url, timeout=10) as given:
            return json.loads(given.read())["data"]
    except OSError as error:
        raise AssertionError(f"{asked}: {error}") from None


def found(address: str, expression: str) -> bool:
    return bool(answer(address, "query", query=expression)["result"])


def test_every_panel_of_the_dashboard_and_every_alert_finds_its_metrics(
    start_service: StartService, redis_client: redis.Redis, tmp_path: Path
) -> None:
    require_tool("promtool")
    for prefix in ("quantum", "quantum:alpha"):
        for _ in range(4):
            add_regime(redis_client, "BULL", 0.4, prefix=prefix)
            add_trade(redis_client, "BULL", 0.3, prefix=prefix)
        redis_client.set(f"{prefix}:risk:leverage_limits", '{"max_leverage_hint": 1.1}')
    service = start_service(env={"STRATEGIC_MEMORY_PORTFOLIOS": "alpha"}, sync_interval_s=0.2)
    get_feedback(service)
    dashboard = json.loads((DEPLOY / "grafana" / "strategic-memory.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 10
    with prometheus([service.http_address], tmp_path) as address:
        for portfolio in ("", "alpha"):
            for expression in asked:
                of_it = expression.replace("$portfolio", portfolio).replace("$job", "strategic-memory.*")
                of_it = of_it.replace("$namespace", ".*")
                eventually(partial(found, address, of_it), 30, what=of_it)
        names = set(answer(address, "label/__name__/values"))
        rules = [rule for group in answer(address, "rules")["groups"] for rule in group["rules"]]
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
    # The certificate's is there with TLS alone, that of workers with several, the others with a problem, a rejected
    # entry or an operator's hand.
    mentioned = {name for rule in rules for name in _metrics_of(rule["query"])}
    assert mentioned - names == {
        "strategic_memory_tls_certificate_ends_seconds",
        "strategic_memory_problem",
        "strategic_memory_entries_rejected_total",
        "strategic_memory_override_seconds",
        "strategic_memory_worker_restarts_total",
    }
    assert {name for expression in asked for name in _metrics_of(expression)} - names <= mentioned


def _metrics_of(expression: str) -> set[str]:
    words = "".join(each if each.isalnum() or each in "_:" else " " for each in expression).split()
    return {word for word in words if word.startswith(("strategic_memory_", "grpc_server_", "process_"))}
