from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from certificates import Authority
from client.command_line import command, environment, run, run_at_terminal, start
from client.feedback_samples import feedback_message, with_evidence
from client.scripted_peer import ScriptedPeer, refusal, send
from grpc_health.v1 import health_pb2
from processes import eventually

from strategic_memory.v1 import feedback_pb2, service_pb2

pytestmark = pytest.mark.processes

STALE = feedback_pb2.FEEDBACK_STATUS_STALE


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    with ScriptedPeer(send()) as peer:
        peer.feedback = feedback_message(revision=3)
        yield peer


def test_get_writes_the_fields_of_the_wire(peer: ScriptedPeer) -> None:
    assert peer.feedback is not None
    peer.feedback.valid_until.FromDatetime(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    peer.feedback.data_as_of.FromDatetime(datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC))
    peer.feedback.regime_performance.avg_pnl = float("nan")
    ended = run("get", "--address", peer.address)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("\n") == 1
    assert json.loads(ended.out) == {
        "revision": 3,
        "epoch": "e1",
        "status": "ACTIVE",
        "preferred_regime": "BULL",
        "updated_policy": "AGGRESSIVE",
        "confidence_boost": 0.75,
        "leverage_hint": 1.5,
        "regime_performance": {"avg_pnl": None, "win_rate": None, "sample_count": 0, "wins": 0, "losses": 0},
        "current_regime": "BULL",
        "timestamp": None,
        "data_as_of": "2026-01-02T03:04:05.250000Z",
        "valid_until": "2026-01-02T03:04:05Z",
        "version": "1.0.0",
        "reasons": [],
        "best_policy": None,
        "rules": "REFERENCE",
        "current": None,
        "evidence": None,
        "leverage_bound_by": None,
        "leverage_caps": [],
        "override": None,
        "freeze": None,
        "guard": None,
    }
    assert list(json.loads(ended.out)) == [field.name for field in feedback_pb2.Feedback.DESCRIPTOR.fields]


def test_get_shows_a_table_at_a_terminal_and_json_when_asked(peer: ScriptedPeer) -> None:
    assert peer.feedback is not None
    peer.feedback.preferred_regime = "BULL[red]\x1b[2J"
    shown = run_at_terminal("get", "-a", peer.address)
    assert (shown.code, shown.err) == (0, "")
    assert "AGGRESSIVE" in shown.out
    assert "{" not in shown.out
    assert "BULL[red]\N{REPLACEMENT CHARACTER}[2J" in shown.out, "what others write must not steer the terminal"
    assert json.loads(run_at_terminal("get", "-a", peer.address, "--json").out)["revision"] == 3


def test_get_tells_the_advice_for_the_current_regime_and_the_evidence(peer: ScriptedPeer) -> None:
    peer.feedback = with_evidence(feedback_message(revision=3))
    told = json.loads(run("get", "-a", peer.address).out)
    assert (told["rules"], told["leverage_bound_by"]) == ("EVIDENCE", "risk:leverage_limits")
    assert told["current"] == {
        "regime": "BULL",
        "policy": "BALANCED",
        "confidence_boost": 0.6,
        "leverage_hint": 1.25,
        "leverage_bound_by": None,
        "is_probe": True,
    }
    messages = feedback_pb2.RegimeAdvice(), feedback_pb2.Evidence(), feedback_pb2.PolicyEvidence()
    parts = told["current"], told["evidence"], told["evidence"]["policies"][2]
    for message, part in zip(messages, parts, strict=True):
        assert list(part) == [field.name for field in message.DESCRIPTOR.fields]
    assert (told["evidence"]["cautions"], told["evidence"]["observations"]) == (["ONE_POLICY_IN_REGIME"], 60)
    assert [each["policy"] for each in told["evidence"]["policies"]] == ["CONSERVATIVE", "BALANCED", "AGGRESSIVE"]
    assert [each["more_observations"] for each in told["evidence"]["policies"]] == [None, None, 150]
    without_style = re.sub(r"\x1b\[[0-9;]*m", "", run_at_terminal("get", "-a", peer.address).out)
    shown = " ".join(without_style.split())
    assert "leverage 1.5 (bound by risk:leverage_limits)" in shown
    assert "policy AGGRESSIVE (a probe) leverage" in shown
    assert "advice there BALANCED (a probe), leverage 1.25, confidence 0.6" in shown
    assert "evidence BULL: BALANCED, leverage 1.4 (bound by cap\N{REPLACEMENT CHARACTER}[2J), confidence 0.8" in shown
    assert "60 trades" in shown
    assert "BALANCED: best 90.0%, mean pnl 0.2 (0 to 0), 20 trades" in shown
    assert "30 trades, some 150 more to be recommended" in shown
    assert "cautions ONE_POLICY_IN_REGIME" in shown
    assert "rules EVIDENCE, version 1.0.0" in shown


def test_get_withholds_all_of_a_stale_feedback(peer: ScriptedPeer) -> None:
    peer.feedback = with_evidence(feedback_message(status=STALE))
    told = json.loads(run("get", "-a", peer.address).out)
    assert (told["current"]["policy"], told["current"]["leverage_hint"]) == ("CONSERVATIVE", 1.0)
    assert told["current"]["is_probe"] is False
    assert (told["evidence"]["recommended_policy"], told["evidence"]["leverage_hint"]) == ("CONSERVATIVE", 1.0)


def test_get_require_active(peer: ScriptedPeer) -> None:
    assert run("get", "--require-active", "-a", peer.address).code == 0
    peer.feedback = feedback_message(status=STALE)
    ended = run("get", "--require-active", "-a", peer.address)
    assert ended.code == 4
    assert json.loads(ended.out)["status"] == "STALE"
    assert ended.err.count("\n") == 1
    assert run("get", "-a", peer.address).code == 0


def test_the_address_comes_from_the_environment_too(peer: ScriptedPeer) -> None:
    assert run("get", env={"STRATEGIC_MEMORY_GRPC_ADDRESS": peer.address}).code == 0


def test_several_addresses_are_tried_in_turn(peer: ScriptedPeer) -> None:
    assert run("get", "-a", "127.0.0.1:1", "-a", peer.address).code == 0
    assert run("get", "-a", f"127.0.0.1:1, {peer.address}").code == 0


def test_the_connection_is_encrypted_on_request(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    certificate = authority.certificate("server")
    with ScriptedPeer(send(), credentials=authority.server_credentials(certificate)) as peer:
        peer.feedback = feedback_message()
        assert run("get", "-a", peer.address, "--tls-root-ca", str(authority.own.chain)).code == 0
        assert run("get", "-a", peer.address).code == 3
    alone = run("get", "--tls-certificate", str(certificate.chain))
    assert alone.code == 2
    assert "both or neither" in alone.err


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.UNAVAILABLE, 3),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 3),
        (grpc.StatusCode.INVALID_ARGUMENT, 5),
        (grpc.StatusCode.INTERNAL, 1),
        (grpc.StatusCode.UNIMPLEMENTED, 1),
        (grpc.StatusCode.UNAUTHENTICATED, 1),
    ],
)
def test_a_failure_is_one_line_and_an_exit_code(peer: ScriptedPeer, status: grpc.StatusCode, code: int) -> None:
    peer.unary_refusal = (status, "")
    ended = run("get", "-a", peer.address)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith("strategic-memory: ")
    assert ended.err.count("\n") == 1


def test_a_server_that_does_not_answer_in_time(peer: ScriptedPeer) -> None:
    peer.hold_calls = True
    assert run("get", "-a", peer.address, "--timeout", "0.3").code == 3


@pytest.mark.parametrize(
    "wrong",
    [
        ["-a", "nowhere"],
        ["--timeout", "0"],
        ["--timeout", "soon"],
        ["--tls-root-ca", "/nowhere.pem"],
        ["--tls-server-name", ""],  # which implies TLS: nothing is asked in plain text
        ["--what"],
    ],
)
def test_wrong_usage(wrong: list[str]) -> None:
    ended = run("get", *wrong)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err


def test_health_of_a_service_to_rely_on(peer: ScriptedPeer) -> None:
    ended = run("health", "-a", peer.address)
    assert (ended.code, ended.err) == (0, "")
    told = json.loads(ended.out)
    assert told["valid_until"].endswith("Z")
    assert {
        name: told[name] for name in ("address", "serving", "feedback_status", "may_be_acted_upon", "revision")
    } == {
        "address": peer.address,
        "serving": True,
        "feedback_status": "ACTIVE",
        "may_be_acted_upon": True,
        "revision": 3,
    }
    assert "may be acted upon" in run_at_terminal("health", "-a", peer.address).out


@pytest.mark.parametrize(
    "unfit",
    [
        feedback_message(status=STALE),
        feedback_message(0, status=feedback_pb2.FEEDBACK_STATUS_WARMING_UP),
        feedback_message(valid_for_s=-1.0),
    ],
)
def test_health_of_a_service_without_valid_advice(peer: ScriptedPeer, unfit: feedback_pb2.Feedback) -> None:
    peer.feedback = unfit
    ended = run("health", "-a", peer.address)
    assert ended.code == 4
    assert json.loads(ended.out)["may_be_acted_upon"] is False
    assert ended.err.count("\n") == 1
    assert run("health", "--serving-only", "-a", peer.address).code == 0


def test_what_is_wrong_with_the_inputs_is_said_where_one_looks(peer: ScriptedPeer) -> None:
    peer.feedback = feedback_message(0, status=feedback_pb2.FEEDBACK_STATUS_WARMING_UP)
    said = 'stream:trade.results: all 6 entries are refused: realized_pnl "n/a" is not a number (6).'
    peer.problems = [service_pb2.Problem(name="inputs_refused", sentence=said + "\x1b[2J")]
    for ended in (run("health", "-a", peer.address), run("get", "--require-active", "-a", peer.address)):
        assert ended.code == 4
        assert said in ended.err
        assert "check that the producers write" not in ended.err
        assert "\x1b" not in ended.err
    got = run("get", "-a", peer.address)
    assert (got.code, json.loads(got.out)["status"]) == (0, "WARMING_UP")
    assert f"too few observations were read yet: {said}" in got.err
    told = json.loads(run("health", "-a", peer.address).out)["problems"]
    assert told == [f"inputs_refused: {said}\x1b[2J"]
    for name in ("get", "health"):
        shown = run_at_terminal(name, "-a", peer.address).out
        assert '"n/a"' in shown
        assert "(6)" in shown, "whatever the width of the terminal"
    unknown = "none of the 4 entries of stream:trade.results has a regime"
    peer.problems.append(service_pb2.Problem(name="regimes_missing", sentence=unknown))
    both = run("get", "-a", peer.address).err
    assert (said in both, unknown in both, "check that the producers write" in both) == (True, True, False)
    peer.problems = [service_pb2.Problem(name="redis_not_persistent", sentence="Redis keeps nothing on disk")]
    told_too = run("get", "-a", peer.address).err
    assert "check that the producers write to Redis. The service tells: Redis keeps nothing on disk" in told_too
    peer.feedback = feedback_message()
    assert run("get", "-a", peer.address).err == "", "the advice may be acted upon all the same"


@pytest.mark.parametrize("answer", [health_pb2.HealthCheckResponse.NOT_SERVING, None])
def test_health_of_a_service_that_takes_no_requests(peer: ScriptedPeer, answer: int | None) -> None:
    peer.health = answer
    for arguments in (["health"], ["health", "--serving-only"]):
        ended = run(*arguments, "-a", peer.address)
        assert ended.code == 3
        assert json.loads(ended.out)["serving"] is False
        assert ended.err.count("\n") == 1


def test_health_of_nothing() -> None:
    assert run("health", "-a", "127.0.0.1:1").code == 3


@pytest.mark.parametrize("chosen", [[], ["get"], ["watch"], ["analyze"], ["health"]])
def test_help_teaches_with_examples_and_exit_codes(chosen: list[str]) -> None:
    ended = run(*chosen, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert "Examples:" in ended.out
    assert "Exit codes:" in ended.out
    assert "\\b" not in ended.out


def test_version() -> None:
    assert run("--version").out.startswith("strategic-memory 0.")


def test_output_that_cannot_be_written_is_one_line(peer: ScriptedPeer) -> None:
    shell = subprocess.run(
        ["/bin/sh", "-c", '"$0" get -a "$1" > /dev/full', command("x")[0], peer.address],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (shell.returncode, shell.stderr.count("\n")) == (1, 1)
    assert "cannot be written" in shell.stderr


def test_a_process_without_standard_output_does_its_work(peer: ScriptedPeer) -> None:
    closed = ["/bin/sh", "-c", '"$0" get --require-active -a "$1" >&-', command("x")[0], peer.address]
    shell = subprocess.run(closed, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (shell.returncode, shell.stderr) == (0, "")


def test_what_a_server_says_of_a_failure_is_one_line_that_no_terminal_obeys(peer: ScriptedPeer) -> None:
    title = "\x1b]0;title\x07"
    peer.unary_refusal = (grpc.StatusCode.UNAVAILABLE, title)
    peer.scripts = [refusal(grpc.StatusCode.UNAVAILABLE, title)]
    failed = run("get", "-a", peer.address)
    watched = run_at_terminal("watch", "--events", "--count", "1", "-a", peer.address)
    for said in (failed.err, watched.out):
        assert "scripted \ufffd]0;title\ufffd in two lines" in " ".join(said.split())
        assert title not in said


@pytest.mark.parametrize("asked", [("health",), ("get", "--require-active")])
def test_where_nobody_reads_what_is_told_the_exit_code_tells_it(peer: ScriptedPeer, asked: tuple[str, ...]) -> None:
    """Where what had collected its standard error was gone the command ended with 0, as for advice to act upon."""
    assert peer.feedback is not None
    peer.feedback.status = STALE
    with start(*asked, "--address", peer.address) as process:
        process.stderr.close()
        assert json.loads(process.stdout.read())["revision"] == 3
        assert process.wait() == 4


@pytest.mark.parametrize("asked", [("health",), ("get", "--require-active")])
def test_where_nobody_reads_the_answer_the_exit_code_tells_it(peer: ScriptedPeer, asked: tuple[str, ...]) -> None:
    """Whoever had not read the line was told 0, as of advice to act upon."""
    assert peer.feedback is not None
    peer.feedback.status = STALE
    peer.hold_calls = True
    with start(*asked, "--address", peer.address, "--timeout", "30") as process:
        assert eventually(lambda: peer.unary_calls == 1)
        process.stdout.close()
        peer.answer_held_calls()
        assert process.wait() == 4
