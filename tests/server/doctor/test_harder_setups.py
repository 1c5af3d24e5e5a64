"""Set-ups that take more than a write to Redis to break."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import commands
import pytest
import redis
from chaos.moved_clock import MovedClockRedis, why_no_clock
from commands import Ended
from conftest import StartService
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from faults.moved_time import find_libfaketime
from least_user import make_user, prepare
from processes import do_without, eventually
from redis_inputs import portfolio_stream, regime_stream, trade_stream
from server.doctor.broken_setups import STATE, fill
from server.doctor.conftest import VALID, Examine
from service_calls import get_json

from strategic_memory_server.doctor import redis_seen
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.revisions.log_keys import LogKeys

TOKEN = LogKeys.under("quantum").fencing_token


def test_a_lease_that_goes_from_server_to_server(
    sound: redis.Redis, examined: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a short look it may stay where it is, as whoever takes turns stands still.
    monkeypatch.setattr(redis_seen, "LONGEST_WATCH_S", 5.0)
    ends = threading.Event()

    def take_turns() -> None:
        while not ends.wait(0.05):
            sound.incr(TOKEN)

    turns = threading.Thread(target=take_turns)
    turns.start()
    try:
        first = examined(STRATEGIC_MEMORY_LEASE="5").findings[0]
    finally:
        ends.set()
        turns.join()
    assert (first.check, "the lease was taken" in first.sentence) == ("lease_flaps", True)


def test_a_server_of_another_version_stands_back_only_where_its_settings_differ(
    sound: redis.Redis, examined: Examine
) -> None:
    guard, key = "STRATEGIC_MEMORY_LEVERAGE_GUARD", LogKeys.under("quantum").other_settings
    settings = json.loads(sound.hget(STATE, "settings") or "{}")
    assert settings.pop(guard) is False
    later: dict[str, object] = {"STRATEGIC_MEMORY_OF_A_LATER_VERSION": 1}
    for more, told in (({}, []), (later, ["may stand back"]), ({guard: True}, ["stands back"])):
        sound.set(key, f"upgraded {json.dumps({**settings, **more})}")
        found = examined().findings
        assert [each.check for each in found] == ["other_settings" for _ in told]
        assert all(words in each.sentence for words, each in zip(told, found, strict=True))


def test_a_replica_and_a_primary_without_its_replicas_take_no_writes(
    fresh_redis: EmbeddedRedis, examined: Examine
) -> None:
    with redis.Redis.from_url(fresh_redis.url) as client:
        client.config_set("min-replicas-to-write", 1)
        alone = examined(redis_url=fresh_redis.url).findings[0]
        assert (alone.check, "NOREPLICAS" in alone.sentence) == ("takes_no_writes", True)
        client.replicaof("127.0.0.1", 1)
        replica = examined(redis_url=fresh_redis.url).findings[0]
    assert (replica.check, "REDIS_URL has to lead to the primary" in replica.sentence) == ("takes_no_writes", True)


def test_a_user_that_lacks_a_command_and_may_ask_little(fresh_redis: EmbeddedRedis, examined: Examine) -> None:
    with redis.Redis.from_url(fresh_redis.url) as client:
        fill(client)
        prepare(client, "-zadd", "-info", "-time", "-type")
        url = fresh_redis.url.replace("redis://", "redis://strategic-memory:change-me@")
        findings = examined(redis_url=url).findings
    assert findings[0].check == "missing_permissions"
    assert "+zadd" in findings[0].sentence
    assert "--askpass" in findings[0].command
    assert "change-me" not in str(findings)


def test_a_redis_that_was_not_prepared_for_its_user(fresh_redis: EmbeddedRedis, examined: Examine) -> None:
    with redis.Redis.from_url(fresh_redis.url) as client:
        fill(client)
        make_user(client)
        first = examined(redis_url=fresh_redis.url.replace("redis://", "redis://strategic-memory:change-me@")).findings[
            0
        ]
        assert (first.check, "`strategic-memory-server prepare-redis`" in first.sentence) == (
            "missing_permissions",
            True,
        )


def test_a_certificate_that_has_ended(sound: redis.Redis, examined: Examine, tmp_path: Path) -> None:
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "memory.test")]),
    )
    ended = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ended - dt.timedelta(days=90))
        .not_valid_after(ended)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "chain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*plain))
    files = {"STRATEGIC_MEMORY_TLS_CERT": tmp_path / "chain.pem", "STRATEGIC_MEMORY_TLS_KEY": tmp_path / "key.pem"}
    first = examined(**{name: str(path) for name, path in files.items()}).findings[0]
    assert (first.check, "has ended at 2024-01-01" in first.sentence) == ("certificate_ends", True)


def test_a_redis_whose_clock_is_ahead(examined: Examine) -> None:
    if why := why_no_clock():
        do_without("libfaketime", why)
    moved = MovedClockRedis()
    try:
        # In the midst of what begins with a 9: an answer that is late on one way tells a little more or less.
        moved.move_clock(95)
        found = {each.check: each.sentence for each in examined(redis_url=moved.process.url).findings}
    finally:
        moved.close()
    assert "the clock of Redis is 9" in found["clock_skew"]
    assert "s ahead of the one of this machine" in found["clock_skew"]


def test_a_service_whose_clock_is_behind(
    start_service: StartService, redis_client: redis.Redis, examined: Examine
) -> None:
    if (library := find_libfaketime()) is None:
        do_without("libfaketime", "it is not installed")
    fill(redis_client)
    moved = {"LD_PRELOAD": str(library), "FAKETIME": "-1h", "DONT_FAKE_MONOTONIC": "1"}
    service = start_service(env={**VALID, **moved})
    found = examined(asks_service=True, STRATEGIC_MEMORY_HTTP_ADDRESS=service.http_address).findings
    assert any(
        each.check == "clock_skew" and "the clock of the service is 3" in each.sentence and "behind" in each.sentence
        for each in found
    ), found


def test_what_the_service_tells_is_told_once(
    start_service: StartService, redis_client: redis.Redis, examined: Examine
) -> None:
    fill(redis_client)
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    service = start_service(env=VALID)
    eventually(lambda: any("redis may evict" in each for each in get_json(service)["problems"]))
    eventually(lambda: redis_client.hget(STATE, "valid_until_ms"))
    findings = examined(asks_service=True, STRATEGIC_MEMORY_HTTP_ADDRESS=service.http_address).findings
    assert [each.check for each in findings] == ["redis_may_evict"]


def test_trades_that_were_deleted_by_name_were_not_trimmed(sound: redis.Redis, examined: Examine) -> None:
    trades: Any = sound.xrange(trade_stream())
    newest = trades[-33:]
    sound.delete(trade_stream())
    for entry_id, fields in newest:
        sound.xadd(trade_stream(), fields, id=entry_id)
    assert sound.xdel(trade_stream(), *(entry_id for entry_id, _ in newest[3:8])) == 5
    assert "trimmed_too_soon" not in [finding.check for finding in examined().findings]


def test_a_stream_of_another_type_is_told_once(sound: redis.Redis, examined: Examine) -> None:
    for stream in (regime_stream(), trade_stream()):
        sound.delete(stream)
        sound.rpush(stream, "an entry")
    findings = [each for each in examined().findings if "stream:" in each.sentence]
    assert [each.check for each in findings] == ["refused_inputs", "refused_inputs"]
    assert all("Rename or delete it, it has to be a stream." in each.sentence for each in findings)
    assert all(" TYPE quantum:stream:" in str(each.command) for each in findings)


def test_while_nothing_is_advised_the_lease_tells_that_somebody_syncs(
    redis_client: redis.Redis, start_service: StartService, examined: Examine
) -> None:
    fill(redis_client)
    start_service(env={**VALID, "STRATEGIC_MEMORY_LEASE": "10"})
    eventually(lambda: redis_client.hget(STATE, "valid_until_ms"), what="a first revision")
    redis_client.delete(regime_stream(), portfolio_stream(), trade_stream())
    eventually(lambda: redis_client.hget(STATE, "withdrawn") == b"1", what="a withdrawal")
    assert "nobody_syncs" not in {each.check for each in examined().findings}


def doctor(*arguments: str, url: str, **env: str) -> Ended:
    environment = {**os.environ, **VALID, "STRATEGIC_MEMORY_HTTP_ADDRESS": "127.0.0.1:1", **env}
    return commands.run("strategic-memory-server", "doctor", "--redis-url", url, *arguments, environment=environment)


@pytest.mark.processes
def test_the_command_says_so_and_its_exit_code_too(sound: redis.Redis, redis_server: EmbeddedRedis) -> None:
    done = doctor("--no-service", url=redis_server.url)
    assert (done.code, done.err) == (0, "")
    assert "nothing is wrong" in done.out
    warned = doctor("--json", url=redis_server.url)
    assert (warned.code, [each["check"] for each in json.loads(warned.out)["findings"]]) == (
        3,
        ["service_silent"],
    )
    sound.set("quantum:risk:leverage_limits", '{"max_leverage": 0.5}')
    harmed = doctor("--no-service", url=redis_server.url)
    assert harmed.code == 1
    assert "1. CRITICAL leverage_caps: " in harmed.out


@pytest.mark.processes
def test_what_others_have_written_is_no_command_to_the_terminal(
    sound: redis.Redis, redis_server: EmbeddedRedis
) -> None:
    settings = json.loads(sound.hget(STATE, "settings") or "{}")
    sound.hset(STATE, "settings", json.dumps(dict.fromkeys(settings, "\x1b]0;owned\a")))
    said = doctor("--no-service", url=redis_server.url).out
    assert "other_settings" in said
    assert "owned" in said
    assert said.replace("\n", "").isprintable()


class Stranger(BaseHTTPRequestHandler):
    """A program that has little to do with the service."""

    said = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("said", [b'{"metrics": null}', b"[]", b'{"metrics": {"strategic_memory": {}}, "problems": 7}'])
def test_another_program_where_the_service_should_be(sound: redis.Redis, examined: Examine, said: bytes) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Saying", (Stranger,), {"said": said})) as other:
        threading.Thread(target=other.serve_forever).start()
        try:
            findings = examined(
                asks_service=True, STRATEGIC_MEMORY_HTTP_ADDRESS=f"127.0.0.1:{other.server_port}"
            ).findings
        finally:
            other.shutdown()
    assert [(each.check, "another program" in each.sentence) for each in findings] == [("service_silent", True)]


@pytest.mark.processes
def test_the_command_without_a_redis_names_it_and_no_secret() -> None:
    done = doctor("--no-service", url="redis://:hunter2@127.0.0.1:1/0")
    assert done.code == 1
    assert "CRITICAL redis_unreachable: Redis at redis://127.0.0.1:1/0: ConnectionError: " in done.out
    assert "; start Redis, or give REDIS_URL where it is" in done.out
    assert "hunter2" not in done.out + done.err
    assert doctor(url="nonsense").code == 2


@pytest.mark.processes
def test_a_portfolio_is_looked_at_by_its_name(
    redis_client: redis.Redis, start_service: StartService, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    fill(redis_client)
    file = tmp_path / "portfolios.toml"
    file.write_text("[portfolios.alpha]\n")
    named = {**VALID, "STRATEGIC_MEMORY_PORTFOLIO_FILE": str(file)}
    service = start_service(env=named)
    eventually(lambda: redis_client.exists(STATE, STATE.replace("quantum", "quantum:alpha")) == 2, what="both logs")
    asked = {**named, "STRATEGIC_MEMORY_HTTP_ADDRESS": service.http_address}
    done = doctor("--portfolio", "alpha", "--json", url=redis_server.url, **asked)
    findings = json.loads(done.out)["findings"]
    assert done.code == 1
    assert "quantum:alpha:stream:meta.regime has no entry" in findings[0]["sentence"]
    assert not any("has no entry" in each["sentence"] for each in findings if ":alpha:" not in each["sentence"])
    assert not any(each["check"] == "service_silent" for each in findings)
    wrong = doctor("--portfolio", "alhpa", url=redis_server.url, **named)
    assert (wrong.code, "there is none of that name; there are alpha" in wrong.err) == (2, True)
    file.write_text("[portfolios.alpha]\n[portfolios.beta]\nrules = 'none'\n")
    assert doctor("--portfolio", "beta", url=redis_server.url, **named).code == 2
    none_named = doctor("--portfolio", "alpha", url=redis_server.url)
    assert (none_named.code, "name no portfolios" in none_named.err) == (2, True)
