"""Who can reach the service: what lets it listen beyond this machine, and commands that listen nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import Authority
from click.testing import CliRunner

from strategic_memory_server.cli.commands import app
from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.identity.access_file import digest_of, new_token
from strategic_memory_server.tls.tls_settings import TlsSettings

EVERYWHERE = {"STRATEGIC_MEMORY_GRPC_ADDRESS": "0.0.0.0:50051", "STRATEGIC_MEMORY_HTTP_ADDRESS": "0.0.0.0:8001"}
NOWHERE = "redis://127.0.0.1:1/0"


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.processes
def test_tls_lets_it_listen_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    own = authority.certificate("server")
    files = {"STRATEGIC_MEMORY_TLS_CERT": str(own.chain), "STRATEGIC_MEMORY_TLS_KEY": str(own.key)}
    set_all(monkeypatch, EVERYWHERE | files)
    assert read_environment().service_settings().tls == TlsSettings(str(own.chain), str(own.key))
    monkeypatch.setenv("STRATEGIC_MEMORY_TLS_CLIENT_CA", str(authority.own.chain))
    asking = TlsSettings(str(own.chain), str(own.key), str(authority.own.chain))
    assert read_environment().service_settings().tls == asking


def test_an_access_file_lets_it_listen_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "access").write_text(f"agent read sha256:{digest_of(new_token()).hex()}\n")
    set_all(monkeypatch, EVERYWHERE | {"STRATEGIC_MEMORY_ACCESS_FILE": str(tmp_path / "access")})
    assert read_environment().service_settings().access_file == tmp_path / "access"


def test_a_private_network_has_to_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, EVERYWHERE)
    with pytest.raises(SettingsError) as refused:
        read_environment()
    assert [line.split(" ")[0] for line in str(refused.value).splitlines()] == [*EVERYWHERE]
    read_environment({"insecure_listen": "on"})


@pytest.mark.parametrize("command", ["probe", "rebuild-memory --yes", "export FOLDER", "import FILE"])
def test_a_command_that_listens_nowhere_asks_for_no_leave_to(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_all(monkeypatch, {**EVERYWHERE, "STRATEGIC_MEMORY_HTTP_ADDRESS": "0.0.0.0:1", "REDIS_URL": NOWHERE})
    (tmp_path / "trades.csv").write_text("time,realized_pnl\n2024-01-02T10:00:00Z,0.01\n")
    places = {"FOLDER": str(tmp_path / "export"), "FILE": str(tmp_path / "trades.csv")}
    ended = CliRunner().invoke(app, [places.get(each, each) for each in command.split()])
    assert ended.exit_code == 1, ended.output
    assert "insecure-listen" not in ended.output
