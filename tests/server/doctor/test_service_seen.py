"""A token of the doctor goes to this machine alone, unless the way there is encrypted."""

from __future__ import annotations

import pytest

from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.doctor import service_seen
from strategic_memory_server.doctor.service_seen import look_at_service
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
