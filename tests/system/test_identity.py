"""TLS and identity of a real service: who gets in, who is let out again, and renewed files under open streams."""

from __future__ import annotations

import json
import shutil
import ssl
import threading
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import grpc
import httpx
import pytest
from certificates import Authority, Certificate
from click.testing import CliRunner, Result
from conftest import StartService
from processes import ServiceProcess, eventually
from system.access_lines import token_for

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_client import (
    AccessDeniedError,
    ClientOptions,
    Disconnected,
    FeedbackReceived,
    HeartbeatReceived,
    InlineMemory,
    StrategicMemoryClient,
    StrategicMemoryError,
    TlsOptions,
)
from strategic_memory_server.cli.probe import probe

pytestmark = [pytest.mark.system, pytest.mark.processes]

OFTEN = {"STRATEGIC_MEMORY_HEARTBEAT_INTERVAL": "0.3"}


def put(certificate: Certificate, folder: Path) -> dict[str, str]:
    """Put a pair where the service reads it."""
    for made, name in ((certificate.chain, "cert.pem"), (certificate.key, "key.pem")):
        shutil.copy(made, folder / "next.pem")
        (folder / "next.pem").replace(folder / name)
    return {
        "STRATEGIC_MEMORY_TLS_CERT": str(folder / "cert.pem"),
        "STRATEGIC_MEMORY_TLS_KEY": str(folder / "key.pem"),
    }


def client_of(service: ServiceProcess, **options: object) -> StrategicMemoryClient:
    return StrategicMemoryClient(service.grpc_address, options=ClientOptions(**options))  # type: ignore[arg-type]


def http(service: ServiceProcess, path: str, token: str | None = None, context: ssl.SSLContext | None = None) -> int:
    if context is None:
        connection = HTTPConnection(service.http_address, timeout=10)
    else:
        connection = HTTPSConnection(service.http_address, timeout=10, context=context)
    with closing(connection):
        connection.request("GET", path, headers={} if token is None else {"Authorization": f"Bearer {token}"})
        return connection.getresponse().status


def test_each_token_gets_what_its_line_says_and_nothing_shows_it(start_service: StartService, tmp_path: Path) -> None:
    access = tmp_path / "access"
    reader, quant = token_for("reader", access), token_for("quant", access, "read,analyze")
    service = start_service(env={"STRATEGIC_MEMORY_ACCESS_FILE": str(access), **OFTEN})
    for options in ({}, {"token": "smt_guess"}):
        with client_of(service, **options) as client, pytest.raises(AccessDeniedError, match="the token"):
            client.get_feedback()
        with client_of(service, **options) as client, pytest.raises(AccessDeniedError, match="the token"):
            next(iter(client.stream_events()))
    memory = InlineMemory()
    with client_of(service, token=reader) as client:
        assert client.get_feedback().status
        assert isinstance(next(iter(client.stream_events())), FeedbackReceived)
        with pytest.raises(AccessDeniedError, match="reader may not do this: it takes the scope analyze"):
            client.analyze(memory)
    with client_of(service, token=quant) as client:
        client.analyze(memory)
    with client_of(service) as client:
        assert client.check_health().serving
    assert [http(service, "/health"), http(service, "/metrics"), http(service, "/metrics", reader)] == [200, 401, 200]
    service.terminate()
    assert service.wait() == 0
    assert not any(secret in service.output() for secret in (reader, quant, "smt_guess"))


def test_a_token_that_is_taken_back_ends_its_streams_and_another_one_goes_on(
    start_service: StartService, tmp_path: Path
) -> None:
    access, held = tmp_path / "access", tmp_path / "token"
    first = token_for("agent", access)
    held.write_text(first + "\n")
    service = start_service(env={"STRATEGIC_MEMORY_ACCESS_FILE": str(access), **OFTEN})
    with client_of(service, token_file=held, heartbeat_interval_s=0.3) as client:
        events = client.stream_events(heartbeat_interval_s=0.3)
        assert isinstance(next(events), FeedbackReceived)
        access.unlink()
        second = token_for("agent", access)

        def is_ended() -> bool:
            """Whether the next event is the end for that reason; on a busy machine a silence ends a stream, too."""
            event = next(events)
            return isinstance(event, Disconnected) and "is unknown" in str(event)

        eventually(is_ended, what="the stream ends since its token is unknown")
        with pytest.raises(AccessDeniedError):
            client.get_feedback()
        held.write_text(second)
        assert eventually(lambda: _answers(client))
        assert any(isinstance(event, HeartbeatReceived | FeedbackReceived) for event in events)


def _answers(client: StrategicMemoryClient) -> bool:
    try:
        client.get_feedback()
    except AccessDeniedError:
        return False
    return True


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


UNREACHED = "is not available|ends connections before they are made"
"""Which of them depends on whether the refusal of the handshake comes before the end of the connection."""


def test_certificates_of_clients_are_asked_for_and_their_names_are_known(
    start_service: StartService, authority: Authority, tmp_path: Path
) -> None:
    access = tmp_path / "access"
    access.write_text("ours read san:memory.test\n")
    env = put(authority.certificate("server"), tmp_path)
    env |= {"STRATEGIC_MEMORY_TLS_CLIENT_CA": str(authority.own.chain), "STRATEGIC_MEMORY_ACCESS_FILE": str(access)}
    service = start_service(env=env)
    own = authority.certificate("client")
    shows = TlsOptions(authority.own.chain, certificate_chain=own.chain, private_key=own.key)
    with client_of(service, tls=shows) as client:
        assert client.get_feedback().status
        with pytest.raises(AccessDeniedError, match="ours may not do this"):
            client.analyze(InlineMemory())
    for tls in (TlsOptions(authority.own.chain), None):
        with client_of(service, tls=tls, timeout_s=20.0) as client, pytest.raises(Exception, match=UNREACHED):
            client.get_feedback()
    trusting = ssl.create_default_context(cafile=str(authority.own.chain))
    assert [http(service, path, context=trusting) for path in ("/health", "/metrics")] == [200, 401]
    trusting.load_cert_chain(own.chain, own.key)
    assert http(service, "/metrics", context=trusting) == 200


def test_with_an_authority_alone_a_certificate_needs_no_name(
    start_service: StartService, authority: Authority, tmp_path: Path
) -> None:
    env = put(authority.certificate("server"), tmp_path)
    service = start_service(env=env | {"STRATEGIC_MEMORY_TLS_CLIENT_CA": str(authority.own.chain)})
    own = authority.certificate("client", "")
    shows = TlsOptions(authority.own.chain, certificate_chain=own.chain, private_key=own.key)
    with client_of(service, tls=shows) as client:
        assert client.get_feedback().status
        assert client.analyze(InlineMemory()).feedback.revision == 0
    trusting = ssl.create_default_context(cafile=str(authority.own.chain))
    assert http(service, "/metrics", context=trusting) == 401
    trusting.load_cert_chain(own.chain, own.key)
    assert http(service, "/metrics", context=trusting) == 200


def test_of_two_tokens_none_decides(start_service: StartService, tmp_path: Path) -> None:
    token = token_for("agent", tmp_path / "access")
    service = start_service(env={"STRATEGIC_MEMORY_ACCESS_FILE": str(tmp_path / "access")})
    once = ("authorization", f"Bearer {token}")
    with grpc.insecure_channel(service.grpc_address) as channel:
        ask = service_pb2_grpc.StrategicMemoryServiceStub(channel).GetFeedback
        assert ask(service_pb2.GetFeedbackRequest(), metadata=(once,)).HasField("feedback")
        with pytest.raises(grpc.RpcError, match="not of the form"):
            ask(service_pb2.GetFeedbackRequest(), metadata=(once, once))
    for given, status in (((once,), 200), ((once, once), 401)):
        assert httpx.get(f"http://{service.http_address}/metrics", headers=given, trust_env=False).status_code == status


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_probe_knows_the_settings_of_the_service_beside_it(
    is_encrypted: bool, start_service: StartService, authority: Authority, tmp_path: Path
) -> None:
    env = put(authority.certificate("server"), tmp_path) if is_encrypted else {}
    if is_encrypted:
        env |= {"STRATEGIC_MEMORY_TLS_CLIENT_CA": str(authority.own.chain)}
    service = start_service(env=env)

    def probed(**given: str) -> Result:
        return CliRunner().invoke(probe, ["--http-address", service.http_address], env={**env, **given})

    found = probed()
    assert (found.exit_code, json.loads(found.output)["ready"]) == (0, True)
    if is_encrypted:
        other = authority.certificate("other")
        files = {"STRATEGIC_MEMORY_TLS_CERT": str(other.chain), "STRATEGIC_MEMORY_TLS_KEY": str(other.key)}
        assert probed(**files).exit_code == 1
    service.terminate()
    service.wait()
    ended = probed()
    assert ended.exit_code == 1
    assert "does not answer" in ended.output
    assert "Start `strategic-memory-server serve`" in ended.output


def test_handshakes_that_fail_do_not_fill_the_log(
    start_service: StartService, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRPC_VERBOSITY", raising=False)
    env = put(authority.certificate("server"), tmp_path)
    service = start_service(env=env, wait_until_ready=False)
    service.ready_line()
    for _ in range(3):
        with client_of(service, timeout_s=1.0) as client, pytest.raises(StrategicMemoryError):
            client.get_feedback()
    service.terminate()
    service.wait()
    assert "andshake" not in service.output()


def _listening(service: ServiceProcess, roots: bytes, heard: list[int], ends: list[BaseException]) -> None:
    credentials = grpc.ssl_channel_credentials(roots)
    try:
        with grpc.secure_channel(service.grpc_address, credentials) as channel:
            stub = service_pb2_grpc.StrategicMemoryServiceStub(channel)
            for _ in stub.StreamFeedback(service_pb2.StreamFeedbackRequest()):
                heard[0] += 1
    except grpc.RpcError as error:
        ends.append(error)


def test_a_renewed_certificate_is_shown_to_new_connections_and_open_streams_go_on(
    start_service: StartService, authority: Authority, tmp_path: Path
) -> None:
    first, second = authority.certificate("first"), authority.certificate("second")
    service = start_service(env={**put(first, tmp_path), **OFTEN})
    roots = authority.own.chain.read_bytes()
    heard = [[0] for _ in range(20)]
    ends: list[BaseException] = []
    readers = [threading.Thread(target=_listening, args=(service, roots, each, ends), daemon=True) for each in heard]
    for reader in readers:
        reader.start()
    eventually(lambda: all(each[0] for each in heard), 30)
    for address in (service.grpc_address, service.http_address):
        assert _shown(address) == _pem(first)
    put(second, tmp_path)
    eventually(lambda: {_shown(each) for each in (service.grpc_address, service.http_address)} == {_pem(second)}, 20)
    before = [each[0] for each in heard]
    eventually(lambda: all(each[0] > count + 1 for each, count in zip(heard, before, strict=True)), 30)
    assert ends == []
    service.terminate()
    for reader in readers:
        reader.join(60)


def _shown(address: str) -> bytes:
    host, _, port = address.rpartition(":")
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port))))


def _pem(certificate: Certificate) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.chain.read_text())
