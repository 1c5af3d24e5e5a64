"""The header of a script names its keys and arguments, and what does not agree with the text is found at import."""

from __future__ import annotations

import pytest
import redis
from patient_redis import patient

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.log_scripts import register_script, script_text

GOOD = "-- keys: log\n-- arguments: claim epoch\nreturn {keys.log, args.claim, args.epoch}"


def test_keys_and_arguments_have_the_order_of_the_header() -> None:
    text = script_text(GOOD, "")
    assert (text.keys, text.arguments, text.takes_rest) == (("log",), ("claim", "epoch"), False)


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("args.epoch", "args.epock", r"args\.epoch, args\.epock"),
        (", args.epoch", "", r"args\.epoch"),
        ("-- keys: log", "-- keys: log state", r"keys\.state"),
        ("claim epoch", "claim epoch claim", "twice"),
        ("args.claim", "ARGV[1], args.claim", "by their names"),
    ],
)
def test_a_header_that_does_not_agree_with_its_script_is_refused(was: str, instead: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        script_text(GOOD.replace(was, instead), "")


def test_a_note_is_held_against_the_prelude() -> None:
    with pytest.raises(ValueError, match="horizon"):
        script_text("-- with the note of the long memory", "-- note: has_note horizon\nreturn note.has_note")


async def test_other_arguments_than_the_script_takes_never_reach_redis(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    redis_client.set("lease", "1 somebody")
    async with connect(patient(redis_server.url)) as client:
        release = register_script(client, "release")
        for keys, args in (({"lease": "lease"}, {}), ({}, {"claim": "1 somebody"})):
            with pytest.raises(TypeError, match="claim"):
                await release(keys, args)
        with pytest.raises(TypeError, match="lease"):
            await release({"lease": "lease"}, {"claim": "1 somebody"}, ["more"])
    assert redis_client.get("lease") == b"1 somebody"
