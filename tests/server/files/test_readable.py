"""What cannot be read is told by its path, and what may be the content of a file is not told."""

from __future__ import annotations

from pathlib import Path

import pytest

from strategic_memory_server.files.readable import why_unreadable


def test_a_file_that_is_not_there_is_told_by_its_path(tmp_path: Path) -> None:
    assert why_unreadable(f"{tmp_path}/none") == f"{tmp_path}/none is not there"
    assert why_unreadable("./none.pem") == "./none.pem is not there"
    assert why_unreadable(str(tmp_path)) == f"{tmp_path} is not a file"


@pytest.mark.parametrize(
    "given", ["-----BEGIN PRIVATE KEY-----\nhidden\n", "smt_hidden", "hidden/+==", "x" * 5_000, "/hidden\nhidden"]
)
def test_what_may_be_a_key_or_a_password_is_not_told(given: str) -> None:
    assert why_unreadable(given) == "a file of that name (give its path, not what is in it) is not there"
