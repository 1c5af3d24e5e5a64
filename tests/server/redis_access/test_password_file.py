"""The password in a file: one line, read when it is needed, and never in a message."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from strategic_memory_server.redis_access.password_file import PasswordFile, PasswordFileError, read_password
from strategic_memory_server.redis_access.redis_connection import way_back

HIDDEN = "s3cret"


@pytest.mark.parametrize("content", [HIDDEN, f"{HIDDEN}\n", f"{HIDDEN}\r\n", " with blanks \n"])
def test_the_only_line_is_the_password(tmp_path: Path, content: str) -> None:
    file = tmp_path / "password"
    file.write_text(content)
    assert read_password(str(file)) == content.rstrip("\r\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "only line"),
        (b"\n", "only line"),
        (f"{HIDDEN}\nmore\n".encode(), "only line"),
        (b"\xff\xfe" + HIDDEN.encode(), "not UTF-8"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    with pytest.raises(PasswordFileError, match=why) as refused:
        read_password(str(file))
    assert HIDDEN not in str(refused.value)


def test_a_file_that_goes_away_later_is_a_failure_to_connect_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "password"
    provider = PasswordFile(str(file), "user")
    with pytest.raises(redis.ConnectionError, match="cannot be read: No such file") as away:
        provider.get_credentials()
    assert way_back(away.value) is None
    file.write_text("first")
    assert provider.get_credentials() == ("user", "first")
    file.write_text("second")
    assert provider.get_credentials() == ("user", "second")
    assert PasswordFile(str(file)).get_credentials() == ("second",)
