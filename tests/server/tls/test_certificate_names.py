"""Names in the certificates of clients: each kind, none, and bytes that are no certificate."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from certificates import Authority

from strategic_memory_server.tls.certificate_names import names_of

pytestmark = pytest.mark.processes

ALL = "DNS:desk.test,URI:spiffe://desk/ops,email:ops@desk.test,IP:127.0.0.1,IP:2001:db8:0:0:0:0:0:1"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (ALL, {"desk.test", "spiffe://desk/ops", "ops@desk.test", "127.0.0.1", "2001:db8::1"}),
        ("RID:1.2.3.4", {""}),
        ("", {""}),
    ],
)
def test_the_names_of_a_certificate_in_either_form(names: str, found: set[str], tmp_path: Path) -> None:
    pem = Authority(tmp_path, "ca").certificate("client", names).chain.read_bytes()
    assert set(names_of(pem)) == found
    assert set(names_of(ssl.PEM_cert_to_DER_cert(pem.decode()))) == found


@pytest.mark.parametrize("shown", [b"", b"0", b"-----BEGIN CERTIFICATE-----\n"])
def test_what_cannot_be_read_has_no_name(shown: bytes) -> None:
    assert names_of(shown) == ("",)
