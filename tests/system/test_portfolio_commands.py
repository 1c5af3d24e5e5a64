"""Commands of an operator about one of many portfolios, with what its file tells it otherwise than the service."""

from __future__ import annotations

from pathlib import Path

import commands
import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import eventually, service_environment
from redis_inputs import add_regime, add_trade
from system.test_portfolios import feedback_of

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = [pytest.mark.system, pytest.mark.processes]

FILE = """
[portfolios.alpha]
rules = "evidence"
evidence_change = "on"
trade_window = 7
"""


def test_a_command_takes_the_settings_of_the_portfolio_that_it_is_about(
    start_service: StartService, redis_client: redis.Redis, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    (tmp_path / "portfolios.toml").write_text(FILE)
    settings = {
        "STRATEGIC_MEMORY_PORTFOLIO_FILE": str(tmp_path / "portfolios.toml"),
        "STRATEGIC_MEMORY_SHADOW_RULES": "reference",
        "STRATEGIC_MEMORY_SHADOW_MINIMUM_SAMPLES": "1",
    }
    service = start_service(env=settings)
    for _ in range(9):
        add_trade(redis_client, "BULL", 0.3, policy="AGGRESSIVE", prefix="quantum:alpha", entry_id="*")
    for _ in range(4):
        add_regime(redis_client, "BULL", 0.3, prefix="quantum:alpha", entry_id="*")
    eventually(lambda: redis_client.xlen("quantum:alpha:stream:strategic_feedback:shadow"))

    def ended(command: str, *flags: str) -> tuple[int, str]:
        environment = service_environment({**settings, **PATIENT, "REDIS_URL": redis_server.url})
        run = commands.run("strategic-memory-server", command, *flags, environment=environment)
        return run.code, run.out + run.err

    def settled() -> bool:
        return ended("reproduce", "--revision", str(feedback_of(service, "alpha").revision), *of_it)[0] == 0

    of_it = ("--portfolio", "alpha")
    eventually(settled)
    revision = feedback_of(service, "alpha").revision
    # Each of the two writes its settings beside its log, after its first revision.
    keys = [LogKeys.under("quantum:alpha"), LogKeys.of_shadow("quantum:alpha")]
    eventually(lambda: all(redis_client.hget(each.state, "settings") for each in keys))
    code, said = ended("shadow-report", *of_it)
    assert (code, "STRATEGIC_MEMORY_RULES is EVIDENCE for the service" in said) == (0, True), said
    code, said = ended("export", str(tmp_path / "exported"), *of_it)
    assert (code, "9 rows" in said) == (0, True), said
    code, said = ended("rebuild-memory", "--yes", *of_it)
    assert (code, "The long memory is forgotten" in said, "9 entries" in said) == (0, True, True), said
    for command, flags in (("reproduce", ("--revision", str(revision))), ("export", (str(tmp_path / "none"),))):
        code, said = ended(command, *flags, "--portfolio", "gamma")
        assert (code, "there is none of that name; there are alpha" in said) == (2, True), said
