"""The certificates that are shown: taken when they change and fit, kept when they do not, and told before they end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from certificates import Authority, Certificate

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.tls import served_certificates
from strategic_memory_server.tls.served_certificates import ServedCertificates, TlsFilesError
from strategic_memory_server.tls.tls_settings import TlsSettings

pytestmark = pytest.mark.processes


def put(certificate: Certificate, folder: Path) -> TlsSettings:
    """Put a pair where the service reads it, each file at once, as tools that renew do."""
    for made, name in ((certificate.chain, "cert.pem"), (certificate.key, "key.pem")):
        shutil.copy(made, folder / "next")
        (folder / "next").replace(folder / name)
    return TlsSettings(str(folder / "cert.pem"), str(folder / "key.pem"))


def test_a_renewed_pair_is_taken_and_one_that_does_not_fit_is_not(tmp_path: Path) -> None:
    authority, problems = Authority(tmp_path, "ca"), Problems()
    first, second = authority.certificate("first"), authority.certificate("second")
    served = ServedCertificates(put(first, tmp_path), problems)
    before = served.current
    served.look()
    assert served.current is before
    shutil.copy(second.chain, tmp_path / "cert.pem")
    served.look()
    assert served.current is before
    assert "the key in" in problems.standing["tls_files"]
    assert "the certificate of before is shown on" in problems.standing["tls_files"]
    shutil.copy(second.key, tmp_path / "key.pem")
    served.look()
    assert served.current.contents[str(tmp_path / "cert.pem")] == second.chain.read_bytes()
    assert not problems.standing
    (tmp_path / "cert.pem").unlink()
    served.look()
    assert "is not there" in problems.standing["tls_files"]
    assert served.current.contents[str(tmp_path / "cert.pem")] == second.chain.read_bytes()


def test_files_that_are_written_again_as_they_were_are_no_renewal(tmp_path: Path) -> None:
    pair = Authority(tmp_path, "ca").certificate("one")
    served = ServedCertificates(put(pair, tmp_path), Problems())
    before = served.current
    put(pair, tmp_path)
    served.look()
    assert served.current is before


def test_files_that_go_between_two_looks_at_them_end_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = Problems()
    pair = Authority(tmp_path, "ca").certificate("one")
    served = ServedCertificates(put(pair, tmp_path), problems)
    put(pair, tmp_path)

    def gone(*_: object) -> None:
        (tmp_path / "cert.pem").unlink()
        raise FileNotFoundError(2, "No such file", str(tmp_path / "cert.pem"))

    monkeypatch.setattr(served_certificates, "tls_file_problems", gone)
    served.look()
    assert "No such file" in problems.standing["tls_files"]


@pytest.mark.parametrize(
    ("left", "said"), [(0.5, None), (0.05, "ends at"), (-0.1, "has ended at"), (1.1, "no client takes it before")]
)
async def test_an_end_is_told_in_time_and_so_is_a_beginning(left: float, said: str | None, tmp_path: Path) -> None:
    problems = Problems()
    settings = put(Authority(tmp_path, "ca").certificate("one"), tmp_path)
    now_s = [0.0]
    served = ServedCertificates(settings, problems, lambda: now_s[0])
    lasts_s = served.current.ends_s - served.current.begins_s
    now_s[0] = served.current.ends_s - left * lasts_s
    served.report_expiry()
    told = problems.standing.get("tls_certificate_ends")
    assert told is None if said is None else said in str(told)


@pytest.mark.parametrize(("left_days", "said"), [(31, None), (29, "'desk ca' ends at"), (-1, "'desk ca' has ended at")])
def test_an_end_of_what_signs_the_certificates_of_clients_is_told(
    left_days: float, said: str | None, tmp_path: Path
) -> None:
    problems = Problems()
    desk, other = Authority(tmp_path, "desk ca", days=400), Authority(tmp_path, "other ca", days=800)
    both = tmp_path / "clients.pem"
    both.write_bytes(desk.own.chain.read_bytes() + other.own.chain.read_bytes())
    pair = other.certificate("one")
    now_s = [0.0]
    served = ServedCertificates(TlsSettings(str(pair.chain), str(pair.key), str(both)), problems, lambda: now_s[0])
    ends_s = dict(served.current.client_authorities)
    assert ends_s["desk ca"] + 399 * 86_400 < ends_s["other ca"]
    now_s[0] = ends_s["desk ca"] - left_days * 86_400
    served.report_expiry()
    told = problems.standing.get("tls_client_ca_ends")
    assert told is None if said is None else said in str(told)
    assert "other ca" not in str(told)
    shutil.copy(other.own.chain, both)
    served.look()
    served.report_expiry()
    assert "tls_client_ca_ends" not in problems.standing


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    one, two = authority.certificate("one"), authority.certificate("two")
    (tmp_path / "empty").write_text("")
    for settings, said in (
        (TlsSettings(str(one.chain), str(two.key)), "STRATEGIC_MEMORY_TLS_KEY: the key in"),
        (TlsSettings(str(tmp_path / "empty"), str(one.key)), "STRATEGIC_MEMORY_TLS_CERT: "),
        (TlsSettings(str(tmp_path / "none"), str(one.key)), "STRATEGIC_MEMORY_TLS_CERT: .* is not there"),
        (TlsSettings(str(one.chain), str(one.key), str(tmp_path / "empty")), "STRATEGIC_MEMORY_TLS_CLIENT_CA: "),
    ):
        with pytest.raises(TlsFilesError, match=said):
            ServedCertificates(settings, Problems())
