"""What the doctor asks a service, and what its answer tells: the token goes to this machine alone in plain text."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.doctor import service_seen
from strategic_memory_server.doctor.service_seen import look_at_service, surely_ahead_s
from strategic_memory_server.monitoring.http_settings import HttpSettings


@pytest.mark.parametrize(
    ("address", "portfolio", "sent"),
    [
        ("127.0.0.1:8001", "alpha", ["a-token"]),
        ("0.0.0.0:8001", "alpha", ["a-token"]),
        ("127.0.0.1:8001", "", [None]),
        # Of nobody, RFC 5737.
        ("192.0.2.7:8001", "alpha", []),
        ("192.0.2.7:8001", "", [None]),
    ],
)
def test_a_token_is_sent_to_this_machine_alone_over_plain_text(
    address: str, portfolio: str, sent: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str | None] = []

    def ask(_connection: object, _path: str, token: str | None = None) -> None:
        shown.append(token)
        raise OSError("nobody is asked")

    monkeypatch.setattr(service_seen, "ask", ask)
    seen = look_at_service(ServiceSettings(http=HttpSettings(address)), portfolio, "a-token")
    assert shown == sent
    assert ("a token is not sent to" in str(seen.failure)) is (not sent)


class Opening(BaseHTTPRequestHandler):
    """A service that is about to open a portfolio."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b'{"failure": "the feedback log has not been read yet; try again shortly"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_service_that_is_about_to_open_a_portfolio_is_no_other_program() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Opening) as service:
        threading.Thread(target=service.serve_forever).start()
        try:
            address = f"127.0.0.1:{service.server_port}"
            seen = look_at_service(ServiceSettings(http=HttpSettings(address)), "alpha", "a-token")
        finally:
            service.shutdown()
    assert "cannot tell of alpha just now" in str(seen.failure)
    assert "try again shortly" in str(seen.failure)


SAID, SAID_S = "Mon, 05 Jan 2026 09:30:00 GMT", 1_767_605_400.5


@pytest.mark.parametrize(
    ("ahead_s", "there_s", "back_s", "found_s"),
    [
        (0.0, 0.01, 0.01, 0.0),
        (-3600.0, 0.01, 0.01, -3599.99),
        (3600.0, 0.01, 0.01, 3599.99),
        # A slow answer is as sure of a clock that is an hour off.
        (-3600.0, 4.0, 0.5, -3596.0),
        (3600.0, 4.0, 0.5, 3599.5),
        # It may be the answer that was slow.
        (0.0, 0.0, 4.0, 0.0),
        (0.0, 4.0, 0.0, 0.0),
    ],
)
def test_a_clock_is_so_far_ahead_at_least(ahead_s: float, there_s: float, back_s: float, found_s: float) -> None:
    here_s = SAID_S - ahead_s
    assert surely_ahead_s(SAID, here_s - there_s, here_s + back_s) == pytest.approx(found_s, abs=1e-3)


def test_a_clock_here_that_is_set_back_meanwhile_says_nothing() -> None:
    assert surely_ahead_s(SAID, SAID_S, SAID_S - 1) is None
    assert surely_ahead_s(None, SAID_S, SAID_S) is None
