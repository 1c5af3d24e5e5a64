"""What `strategic_memory_client` offers, and when it is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest
from each_case import each_case

import strategic_memory_client


@each_case("name", strategic_memory_client.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(strategic_memory_client, name) is not None
    assert name in dir(strategic_memory_client)


def test_every_name_with_a_home_is_public() -> None:
    assert sorted(strategic_memory_client._HOMES) == sorted(strategic_memory_client.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = strategic_memory_client.Nothing  # type: ignore[attr-defined]  # that is what is shown


@pytest.mark.processes
def test_the_command_is_imported_without_grpc() -> None:
    code = "import sys, strategic_memory_client.cli; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
