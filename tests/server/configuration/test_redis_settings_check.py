"""Settings of Redis that must fit each other and their files: every wrong one is a line that names a variable."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from certificates import Authority
from processes import require_tool

from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.redis_access.redis_settings import RedisSettings

pytestmark = pytest.mark.processes

HIDDEN = "s3cret"
SENTINELS = "redis+sentinel://one:1,two:2/name"
TLS = "rediss://host:6380/0"


@dataclass(frozen=True)
class Files:
    ca: str
    cert: str
    key: str
    other_key: str
    locked_key: str
    both: str
    text: str
    password: str
    empty: str


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("files")
    authority = Authority(folder, "ca")
    one, other = authority.certificate("one"), authority.certificate("other")
    written = {name: folder / name for name in ("locked", "both", "text", "password", "empty")}
    locking = [require_tool("openssl"), "pkey", "-in", str(one.key), "-aes128", "-passout", f"pass:{HIDDEN}"]
    subprocess.run([*locking, "-out", str(written["locked"])], check=True, capture_output=True, timeout=30)
    written["both"].write_text(one.chain.read_text() + one.key.read_text())
    written["text"].write_text("neither\n")
    written["password"].write_text(f"{HIDDEN}\n")
    written["empty"].write_text("")
    names = [authority.own.chain, one.chain, one.key, other.key, *written.values()]
    return Files(*(str(name) for name in names))


def read(files: Files, variables: dict[str, str]) -> RedisSettings:
    """Read variables, whose values may name one of the files in angle brackets."""
    for name, path in vars(files).items():
        variables = {key: value.replace(f"<{name}>", path) for key, value in variables.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name if name == "REDIS_URL" else f"STRATEGIC_MEMORY_{name}", value)
        return read_environment().service_settings().redis


GOOD: list[dict[str, str]] = [
    {"REDIS_URL": TLS, "REDIS_CA": "<ca>"},
    {"REDIS_URL": TLS, "REDIS_CERT": "<cert>", "REDIS_KEY": "<key>"},
    {"REDIS_URL": TLS, "REDIS_CERT": "<both>"},
    {"REDIS_URL": f"{TLS}?ssl_ca_certs=<ca>&ssl_certfile=<cert>&ssl_keyfile=<key>"},
    {"REDIS_URL": f"{TLS}?ssl_ca_certs=<ca>&ssl_keyfile=<key>", "REDIS_CERT": "<cert>"},
    {"REDIS_URL": f"{TLS}?ssl_password={HIDDEN}", "REDIS_CERT": "<cert>", "REDIS_KEY": "<locked_key>"},
    {"REDIS_URL": "rediss+sentinel://one/name", "REDIS_CA": "<ca>"},
    {"REDIS_URL": "rediss+cluster://one", "REDIS_CA": "<ca>", "KEY_PREFIX": "{a}"},
    {"REDIS_URL": "redis://user@host", "REDIS_PASSWORD_FILE": "<password>"},
    {"REDIS_URL": SENTINELS, "REDIS_SENTINEL_PASSWORD": HIDDEN},
    {"REDIS_URL": SENTINELS, "REDIS_SENTINEL_USERNAME": "user", "REDIS_SENTINEL_PASSWORD": HIDDEN},
    {"REDIS_URL": SENTINELS, "REDIS_SENTINEL_USERNAME": "user", "REDIS_SENTINEL_PASSWORD_FILE": "<password>"},
    {"REDIS_URL": "redis+cluster://one", "KEY_PREFIX": "{quantum}"},
    {"REDIS_URL": "redis+cluster://one", "KEY_PREFIX": "desk-7:{quantum}:live"},
]


@pytest.mark.parametrize("variables", GOOD)
def test_settings_that_fit(files: Files, variables: dict[str, str]) -> None:
    settings = read(files, variables)
    assert HIDDEN not in repr(settings)


def test_each_reaches_its_setting(files: Files) -> None:
    assert read(files, {"REDIS_URL": TLS, "REDIS_CA": "<ca>", "REDIS_CERT": "<cert>", "REDIS_KEY": "<key>"}) == (
        RedisSettings(TLS, ca_file=files.ca, certificate_file=files.cert, key_file=files.key)
    )
    sentinel = {"REDIS_SENTINEL_USERNAME": "user", "REDIS_SENTINEL_PASSWORD_FILE": "<password>"}
    assert read(files, {"REDIS_URL": SENTINELS, **sentinel, "REDIS_PASSWORD_FILE": "<password>"}) == RedisSettings(
        SENTINELS,
        password_file=files.password,
        sentinel_username="user",
        sentinel_password_file=files.password,
    )
    assert read(files, {"REDIS_URL": SENTINELS, "REDIS_SENTINEL_PASSWORD": HIDDEN}).sentinel_password == HIDDEN


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"REDIS_URL": "redis://h", "REDIS_CA": "<ca>"}, "REDIS_CA", "needs TLS; let REDIS_URL begin with rediss://"),
    ({"REDIS_URL": "unix:///run/x", "REDIS_CERT": "<both>"}, "REDIS_CERT", "needs TLS"),
    ({"REDIS_URL": "redis+sentinel://h/name", "REDIS_KEY": "<key>"}, "REDIS_KEY", "needs TLS"),
    ({"REDIS_URL": TLS, "REDIS_CA": "/not/there.pem"}, "REDIS_CA", "/not/there.pem is not there"),
    ({"REDIS_URL": TLS, "REDIS_CA": "/"}, "REDIS_CA", "is not a file"),
    ({"REDIS_URL": TLS, "REDIS_CA": "<text>"}, "REDIS_CA", "holds no certificate"),
    ({"REDIS_URL": TLS, "REDIS_CA": "<empty>"}, "REDIS_CA", "holds no certificate"),
    ({"REDIS_URL": TLS, "REDIS_CA": "<key>"}, "REDIS_CA", "holds no certificate"),
    ({"REDIS_URL": TLS, "REDIS_CERT": "<text>", "REDIS_KEY": "<key>"}, "REDIS_CERT", "holds no certificate"),
    ({"REDIS_URL": TLS, "REDIS_CERT": "<cert>", "REDIS_KEY": "/no"}, "REDIS_KEY", "is not there"),
    ({"REDIS_URL": TLS, "REDIS_CERT": "<cert>", "REDIS_KEY": "<text>"}, "REDIS_KEY", "holds no key"),
    ({"REDIS_URL": TLS, "REDIS_CERT": "<cert>", "REDIS_KEY": "<other_key>"}, "REDIS_KEY", "not that of the certif"),
    ({"REDIS_URL": TLS, "REDIS_CERT": "<cert>", "REDIS_KEY": "<locked_key>"}, "REDIS_KEY", "ssl_password in REDIS_URL"),
    ({"REDIS_URL": TLS, "REDIS_CERT": "<cert>"}, "REDIS_CERT", "set STRATEGIC_MEMORY_REDIS_KEY to its file"),
    ({"REDIS_URL": TLS, "REDIS_KEY": "<key>"}, "REDIS_KEY", "set STRATEGIC_MEMORY_REDIS_CERT too"),
    ({"REDIS_URL": f"{TLS}?ssl_ca_certs=<ca>", "REDIS_CA": "<ca>"}, "REDIS_CA", "has the option ssl_ca_certs too"),
    ({"REDIS_URL": f"{TLS}?ssl_ca_certs=/no"}, "REDIS_URL, option ssl_ca_certs", "is not there"),
    ({"REDIS_URL": f"{TLS}?ssl_keyfile=<key>"}, "REDIS_URL, option ssl_keyfile", "needs its certificate"),
    ({"REDIS_URL": "redis://h", "REDIS_PASSWORD_FILE": "/no"}, "REDIS_PASSWORD_FILE", "/no cannot be read"),
    ({"REDIS_URL": "redis://h", "REDIS_PASSWORD_FILE": HIDDEN}, "REDIS_PASSWORD_FILE", "give its path, not what is"),
    ({"REDIS_URL": TLS, "REDIS_CERT": "<cert>", "REDIS_KEY": f"-----BEGIN\n{HIDDEN}"}, "REDIS_KEY", "give its path"),
    ({"REDIS_URL": "redis://h", "REDIS_PASSWORD_FILE": "<empty>"}, "REDIS_PASSWORD_FILE", "its only line"),
    (
        {"REDIS_URL": f"redis://:{HIDDEN}@h", "REDIS_PASSWORD_FILE": "<password>"},
        "REDIS_PASSWORD_FILE",
        "REDIS_URL has a password too; leave one of them out",
    ),
    ({"REDIS_URL": "redis://h", "REDIS_SENTINEL_USERNAME": "u"}, "REDIS_SENTINEL_USERNAME", "REDIS_URL names none"),
    ({"REDIS_URL": "redis://h", "REDIS_SENTINEL_PASSWORD": HIDDEN}, "REDIS_SENTINEL_PASSWORD", "REDIS_URL names none"),
    ({"REDIS_URL": SENTINELS, "REDIS_SENTINEL_USERNAME": "u"}, "REDIS_SENTINEL_USERNAME", "a user needs a password"),
    (
        {"REDIS_URL": SENTINELS, "REDIS_SENTINEL_PASSWORD": HIDDEN, "REDIS_SENTINEL_PASSWORD_FILE": "<password>"},
        "REDIS_SENTINEL_PASSWORD_FILE",
        "STRATEGIC_MEMORY_REDIS_SENTINEL_PASSWORD is set too",
    ),
    (
        {"REDIS_URL": SENTINELS, "REDIS_SENTINEL_PASSWORD_FILE": "/no"},
        "REDIS_SENTINEL_PASSWORD_FILE",
        "cannot be read",
    ),
    ({"REDIS_URL": "redis+cluster://h"}, "KEY_PREFIX", "set it to {quantum}, braces included"),
    ({"REDIS_URL": "redis+cluster://h", "KEY_PREFIX": "desk"}, "KEY_PREFIX", "set it to {desk}"),
    ({"REDIS_URL": "redis+cluster://h", "KEY_PREFIX": "a{}b"}, "KEY_PREFIX", "set it to {ab}"),
    ({"REDIS_URL": "redis+cluster://h", "KEY_PREFIX": "{a"}, "KEY_PREFIX", "set it to {a}"),
    ({"REDIS_URL": "redis+cluster://h", "KEY_PREFIX": "a}{"}, "KEY_PREFIX", "set it to {a}"),
]


@pytest.mark.parametrize(("variables", "named", "fix"), WRONG)
def test_settings_that_do_not_fit(files: Files, variables: dict[str, str], named: str, fix: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(files, variables)
    [line] = str(refused.value).splitlines()
    assert line.startswith(f"{named}: " if named.startswith("REDIS_URL") else f"STRATEGIC_MEMORY_{named}: ")
    assert fix in line
    assert HIDDEN not in line


def test_a_file_that_may_not_be_read(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # Tests may run as root, who may read everything.
    with pytest.raises(SettingsError, match=r"STRATEGIC_MEMORY_REDIS_CA: .* may not be read by this user"):
        read(files, {"REDIS_URL": TLS, "REDIS_CA": "<ca>"})


def test_several_problems_are_several_lines(files: Files) -> None:
    with pytest.raises(SettingsError) as refused:
        read(files, {"REDIS_URL": "redis+cluster://h", "REDIS_CA": "<ca>", "REDIS_PASSWORD_FILE": "/no"})
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == [
        "STRATEGIC_MEMORY_REDIS_PASSWORD_FILE",
        "STRATEGIC_MEMORY_REDIS_CA",
        "STRATEGIC_MEMORY_KEY_PREFIX",
    ]
