"""Encrypted connections, and what happens when certificates are renewed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from certificates import Authority
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.feedback_samples import feedback_message, feedback_response
from client.scripted_peer import ScriptedPeer, send
from processes import eventually

from strategic_memory_client import (
    Backoff,
    ClientOptions,
    FeedbackReceived,
    ServiceUnavailableError,
    StrategicMemoryClient,
    TlsOptions,
)

pytestmark = pytest.mark.processes

Made = type[BlockingCaller | AsyncCaller]
both = pytest.mark.parametrize("made", CALLERS)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def options(tls: TlsOptions | None) -> ClientOptions:
    return ClientOptions(tls=tls, backoff=Backoff(0.01, 0.05), timeout_s=60.0, connect_timeout_s=30.0)


@both
def test_calls_and_streams_are_encrypted(made: Made, authority: Authority) -> None:
    credentials = authority.server_credentials(authority.certificate("server"))
    tls = TlsOptions(root_certificates=authority.own.chain)
    with ScriptedPeer(send(feedback_response(1)), credentials=credentials) as peer:
        peer.feedback = feedback_message(3)
        with made(peer.address, options=options(tls)) as caller:
            assert caller.get_feedback().revision == 3
            assert isinstance(next(caller.stream_events()), FeedbackReceived)
        with (
            made(peer.address, options=options(None)) as plain,
            pytest.raises(ServiceUnavailableError, match="whether it wants TLS"),
        ):
            plain.get_feedback()


def test_what_keeps_a_connection_from_being_encrypted_is_named(authority: Authority, tmp_path: Path) -> None:
    server, own = authority.certificate("server"), authority.own.chain
    stranger = Authority(tmp_path, "stranger").certificate("client")
    asks_for_one = authority.server_credentials(server, require_client=True)
    with (
        ScriptedPeer(send(), credentials=authority.server_credentials(server)) as peer,
        ScriptedPeer(send(), credentials=asks_for_one) as mutual,
        ScriptedPeer(send()) as plain,
    ):
        for address, tls, said in (
            (plain.address, TlsOptions(own), "speaks no TLS: check the address, or leave out tls"),
            (peer.address, TlsOptions(stranger.chain), "that nobody in tls.root_certificates vouches for"),
            (peer.address, TlsOptions(own, server_name="other.test"), "for another name: .* as tls.server_name"),
            (peer.address, TlsOptions(server.key), "tls.root_certificates has to hold certificates"),
            (peer.address, TlsOptions(own, stranger.chain, server.key), "tls.private_key to belong to"),
            (mutual.address, TlsOptions(own), "or the certificate of a client"),
        ):
            with (
                StrategicMemoryClient(address, options=options(tls)) as client,
                pytest.raises(ServiceUnavailableError, match=said),
            ):
                client.get_feedback()


@both
def test_a_server_that_nobody_vouches_for_is_refused(made: Made, authority: Authority, tmp_path: Path) -> None:
    credentials = authority.server_credentials(authority.certificate("server"))
    stranger = TlsOptions(root_certificates=Authority(tmp_path, "stranger").own.chain)
    with (
        ScriptedPeer(send(), credentials=credentials) as peer,
        made(peer.address, options=options(stranger)) as caller,
        pytest.raises(ServiceUnavailableError),
    ):
        caller.get_feedback()


@both
def test_the_name_in_the_certificate_counts(made: Made, authority: Authority) -> None:
    credentials = authority.server_credentials(authority.certificate("server"))
    tls = TlsOptions(root_certificates=authority.own.chain, server_name="memory.test")
    with ScriptedPeer(send(), credentials=credentials) as peer:
        peer.feedback = feedback_message(3)
        with made(peer.address, options=options(tls)) as caller:
            assert caller.get_feedback().revision == 3
        wrong = replace(tls, server_name="other.test")
        with made(peer.address, options=options(wrong)) as caller, pytest.raises(ServiceUnavailableError):
            caller.get_feedback()


@both
def test_the_client_shows_its_certificate(made: Made, authority: Authority) -> None:
    credentials = authority.server_credentials(authority.certificate("server"), require_client=True)
    own = authority.certificate("client")
    tls = TlsOptions(authority.own.chain, certificate_chain=own.chain, private_key=own.key)
    with ScriptedPeer(send(), credentials=credentials) as peer:
        peer.feedback = feedback_message(3)
        with made(peer.address, options=options(tls)) as caller:
            assert caller.get_feedback().revision == 3
        nameless = TlsOptions(authority.own.chain)
        with made(peer.address, options=options(nameless)) as caller, pytest.raises(ServiceUnavailableError):
            caller.get_feedback()


@both
def test_a_renewed_authority_is_taken_up_without_a_new_client(made: Made, authority: Authority, tmp_path: Path) -> None:
    renewed = Authority(tmp_path, "renewed")
    roots = tmp_path / "roots.pem"
    roots.write_bytes(renewed.own.chain.read_bytes())
    credentials = authority.server_credentials(authority.certificate("server"))
    with ScriptedPeer(send(feedback_response(1)), credentials=credentials) as peer:
        peer.feedback = feedback_message(3)
        with made(peer.address, options=options(TlsOptions(root_certificates=roots))) as caller:
            with pytest.raises(ServiceUnavailableError):
                caller.get_feedback()
            events = caller.stream_events()
            assert not isinstance(next(events), FeedbackReceived)
            roots.write_bytes(authority.own.chain.read_bytes())
            assert any(isinstance(event, FeedbackReceived) for event in events)

            def answers() -> bool:
                try:
                    return caller.get_feedback().revision == 3
                except ServiceUnavailableError:
                    return False

            assert eventually(answers)


@both
def test_a_file_that_has_gone_is_an_outage_and_not_the_end(made: Made, authority: Authority, tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(authority.own.chain.read_bytes())
    credentials = authority.server_credentials(authority.certificate("server"))
    with (
        ScriptedPeer(send(feedback_response(1)), credentials=credentials) as peer,
        made(peer.address, options=options(TlsOptions(root_certificates=roots))) as caller,
    ):
        roots.rename(tmp_path / "away.pem")
        with pytest.raises(ServiceUnavailableError, match=r"roots\.pem"):
            caller.get_feedback()
        events = caller.stream_events()
        assert not isinstance(next(events), FeedbackReceived)
        (tmp_path / "away.pem").rename(roots)
        assert any(isinstance(event, FeedbackReceived) for event in events)
