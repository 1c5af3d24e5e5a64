"""`strategic-memory-server rebuild-memory` says what is known of a memory that it was to have forgotten."""

from __future__ import annotations

import redis
from click.testing import CliRunner
from patient_redis import PATIENT

from strategic_memory_server.cli.rebuild_memory import rebuild_memory
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.long_memory.memory_keys import MemoryKeys

UNHEARD_OF = "Whether the long memory is forgotten is not known"


def test_a_redis_that_gives_no_answer_may_have_forgotten_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    """It was told like one that had not been reached, while Redis forgot what no stream held any more."""
    redis_client.hset(MemoryKeys.under("quantum").evidence, "read_up_to", "7-0")
    redis_client.client_pause(60_000, all=False)
    hurried = CliRunner(env={**PATIENT, "STRATEGIC_MEMORY_REDIS_COMMAND_TIMEOUT": "2"})
    try:
        done = hurried.invoke(rebuild_memory, ["--yes", "--redis-url", redis_server.url])
    finally:
        redis_client.client_unpause()
    assert (done.exit_code, UNHEARD_OF in done.output) == (1, True), done.output
    again = CliRunner(env=PATIENT).invoke(rebuild_memory, ["--yes", "--redis-url", redis_server.url])
    assert (again.exit_code, redis_client.exists(MemoryKeys.under("quantum").evidence)) == (0, 0), again.output
    away = CliRunner().invoke(rebuild_memory, ["--yes", "--redis-url", "redis://127.0.0.1:1/0"])
    assert (away.exit_code, UNHEARD_OF in away.output) == (1, False), away.output
