"""prepare-redis gives Redis what a service runs there whose user may load nothing, and no more than it must."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner
from conftest import StartService
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from patient_redis import PATIENT
from processes import eventually
from redis_contents import contents_of
from redis_inputs import add_regime, add_trade, is_written_out
from redis_kinds.documented import FILE, FILE_OF_6_2, acl_rules, user_of
from redis_kinds.programs import KINDS, require_program
from redis_kinds.whole_service import publishes_what_is_written
from service_calls import get_json

from strategic_memory_server.cli.prepare_redis import prepare_redis
from strategic_memory_server.entries import input_keys
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.redis_access.redis_script import ScriptText
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_scripts import SCRIPTS

pytestmark = pytest.mark.system

ADMIN = "strategic-memory-admin"
WORDS = {"strategic-memory": "change-me", ADMIN: "change-me-admin", "producer": "change-me-producer"}


class Locked:
    """A Redis with the users of deploy/ that keeps all it is given, and how each of them reaches it."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind, self._folder = kind, folder
        users = folder / "users.acl"
        # The default user is how the test itself looks at the server.
        given = (FILE_OF_6_2 if kind == "redis-6.2" else FILE).read_text()
        users.write_text(given.replace("user default off", "user default on nopass ~* &* +@all"))
        self.process = RedisProcess(
            folder / "redis", free_port(), (f"aclfile {users}", "appendonly yes"), program=require_program(kind)
        )

    def url(self, user: str = "strategic-memory") -> str:
        return self.process.url.replace("redis://", f"redis://{user}:{WORDS[user]}@")

    def prepare(
        self, *arguments: str, user: str = "strategic-memory", admin: str | None = ADMIN, **variables: str
    ) -> tuple[int, str, str]:
        """Run the command; gives its exit code and output."""
        if admin is not None:
            word = self._folder / "word"
            word.write_text(f"{WORDS[admin]}\n")
            arguments = (*arguments, "--admin", admin, "--admin-password-file", str(word))
        without = {name: None for name in os.environ if name.startswith("STRATEGIC_MEMORY_")}
        environment: dict[str, str | None] = {**without, **PATIENT, "REDIS_URL": self.url(user), **variables}
        ended = CliRunner(env=environment).invoke(prepare_redis, arguments)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        assert "change-me" not in ended.stdout + ended.stderr
        return ended.exit_code, ended.stdout, ended.stderr


@pytest.fixture(params=KINDS)
def locked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Locked]:
    found = Locked(tmp_path, request.param)
    with found.process:
        yield found


def refused(client: redis.Redis) -> list[str]:
    entries: Any = client.acl_log()
    return [str(entry["object"]) for entry in entries]


def test_a_service_waits_for_it_says_so_and_outlasts_a_restart_of_redis(
    locked: Locked, start_service: StartService
) -> None:
    with locked.process.client() as client:
        for _ in range(3):
            add_regime(client)
        inputs = contents_of(client)
        service = start_service(locked.url(), sync_interval_s=0.2)
        said = eventually(lambda: [each for each in get_json(service)["problems"] if "prepare-redis" in each])
        assert "Redis has not got the script" in said[0]
        assert contents_of(client) == inputs
        code, out, err = locked.prepare()
        assert (code, err) == (0, "")
        assert f"{len(SCRIPTS)} of them are new there" in out
        assert "The user of REDIS_URL may do there what the service needs." in out
        eventually(lambda: get_json(service)["status"] == "active")
        client.acl_log_reset()
        publishes_what_is_written(service, client)
        eventually(lambda: [one for one in get_json(service)["problems"] if "persistent" not in one] == [])
        assert refused(client) == []
        assert "0 of them are new there" in locked.prepare()[1]
        # What was loaded is to outlast the restart; while a slow disk flushes, Redis holds it back.
        eventually(lambda: is_written_out(client))
    locked.process.kill()
    locked.process.start()
    with locked.process.client() as client:
        publishes_what_is_written(service, client, within_s=30.0)
        assert refused(client) == []


def test_the_users_can_do_no_more(locked: Locked) -> None:
    assert locked.prepare()[0] == 0
    text = ScriptText("return redis.call('DEL', KEYS[1])", name="stranger")
    with redis.Redis.from_url(locked.process.url) as client:
        add_trade(client)
        before = contents_of(client)
    everybody = [
        ("EVAL", "return 1", 0), ("SCRIPT", "LOAD", "return 1"), ("SCRIPT", "FLUSH"), ("FLUSHALL",), ("KEYS", "*"),
        ("SWAPDB", 0, 1), ("CONFIG", "GET", "save"), ("RENAME", "quantum:stream:trade.results", "other"),
        ("ACL", "LIST"), ("DEL", "other"), ("SHUTDOWN",), ("UNLINK", "quantum:stream:trade.results"),
    ]  # fmt: skip
    inputs = [("DEL", "quantum:stream:trade.results"), ("XADD", "quantum:stream:trade.results", "*", "a", "b")]
    functions = [("FUNCTION", "LOAD", text.library), ("FUNCTION", "FLUSH"), ("FUNCTION", "DELETE", text.function)]
    forbidden: dict[str, list[tuple[object, ...]]] = {
        "strategic-memory": [*everybody, *([] if locked.kind == "redis-6.2" else [*inputs, *functions])],
        ADMIN: [("GET", "quantum:feedback:strategic_memory"), ("FLUSHALL",), inputs[0], ("CONFIG", "GET", "save")],
        "producer": [*everybody, inputs[0], ("XADD", "quantum:stream:strategic_feedback", "*", "a", "b")],
    }
    for user, commands in forbidden.items():
        with redis.Redis.from_url(locked.url(user)) as client:
            untyped: Any = client
            for command in commands:
                with pytest.raises(redis.exceptions.NoPermissionError):
                    untyped.execute_command(*command)
    with redis.Redis.from_url(locked.process.url) as client:
        assert contents_of(client) == before


def test_scripts_of_another_version_stay_beside_ours(locked: Locked) -> None:
    older = ScriptText("return 'of another version'", name="publish")
    with locked.process.client() as client:
        untyped: Any = client
        if locked.kind == "redis-6.2":
            untyped.execute_command("SCRIPT", "LOAD", older.text)
        else:
            untyped.execute_command("FUNCTION", "LOAD", older.library)
        code, out, _ = locked.prepare()
        assert (code, older.function in out) == (0, locked.kind != "redis-6.2")
        way = ("EVALSHA", older.digest) if locked.kind == "redis-6.2" else ("FCALL", older.function)
        assert untyped.execute_command(*way, 0) == "of another version"


@pytest.mark.parametrize("locked", ["redis-7"], indirect=True)
def test_what_is_wrong_is_said_in_a_sentence(locked: Locked) -> None:
    code, _, err = locked.prepare("--admin", "somebody", admin=None)
    assert (code, "--admin-password-file" in err) == (2, True)
    code, _, err = locked.prepare(admin=None)
    assert (code, "the user of REDIS_URL may not load them" in err, "+function|load" in err) == (1, True, True)
    code, _, err = locked.prepare(admin="producer")
    assert (code, "the user producer may not load them" in err) == (1, True)
    with redis.Redis.from_url(locked.process.url) as client:
        untyped: Any = client
        untyped.execute_command("ACL", "SETUSER", "strategic-memory", "-zadd", "-time")
    code, out, err = locked.prepare()
    assert (code, "are new there" in out, "lacks +zadd, +time" in err) == (1, True, True)
    code, _, err = locked.prepare("--admin", ADMIN, "--admin-password-file", "/nowhere/word", admin=None)
    assert (code, "/nowhere/word" in err) == (1, True)
    locked.process.kill()
    code, _, err = locked.prepare()
    assert (code, err.count("\n")) == (1, 1)


def test_the_files_of_users_say_what_the_page_says_and_differ_in_what_redis_6_2_does_not_know() -> None:
    assert user_of(FILE, "strategic-memory") == acl_rules()
    for line, of_6_2 in zip(FILE.read_text().splitlines(), FILE_OF_6_2.read_text().splitlines(), strict=True):
        loads = line.replace("+function|load +function|list +function|delete", "+script|load +script|exists")
        assert loads.replace("%R~", "~").replace("+fcall", "+evalsha") == of_6_2


def test_every_key_of_the_service_is_permitted_and_none_of_its_inputs_can_be_written() -> None:
    own = {*astuple(LogKeys.under("quantum")), *astuple(MemoryKeys.under("quantum"))}
    own |= set(astuple(MemoryKeys.beside("quantum", 0.98)))
    own |= {*astuple(LogKeys.of_shadow("quantum"))} - {""}
    own.discard(LogKeys.under("quantum").events)
    inputs = {
        input_keys.key_of("quantum", source) for source in (*input_keys.VALUE_SOURCES, *input_keys.STREAM_SOURCES)
    }
    written = {rule[1:] for rule in acl_rules() if rule.startswith("~")}
    read = {rule[3:] for rule in acl_rules() if rule.startswith("%R~")}
    producer = {rule[1:] for rule in user_of(FILE, "producer") if rule.startswith("~")}
    assert f"&{LogKeys.under('quantum').events}" in acl_rules()

    def matched(keys: set[str], patterns: set[str]) -> set[str]:
        return {key for key in keys if any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)}

    assert matched(own, written) == own
    assert matched(inputs, read) == matched(inputs, producer) == inputs
    assert matched(inputs, written) == matched(own, read | producer) == set()


def test_what_the_user_lacks_for_one_of_many_portfolios_is_told(locked: Locked) -> None:
    asked = {"STRATEGIC_MEMORY_PORTFOLIOS": "alpha"}
    assert locked.prepare(**asked)[0] == 0
    code, _, said = locked.prepare("--portfolio", "alpha", **asked)
    assert (code, "the user of REDIS_URL lacks ~quantum:alpha:feedback:strategic_memory:state" in said) == (1, True)
    with redis.Redis.from_url(locked.process.url) as client:
        more = [rule.replace("quantum:", "quantum:*:") for rule in acl_rules(kind=locked.kind) if "quantum:" in rule]
        client.execute_command("ACL", "SETUSER", "strategic-memory", *more)
    assert locked.prepare("--portfolio", "alpha", **asked)[0] == 0
