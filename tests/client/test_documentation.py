"""docs/client.md against the code: what it shows compiles and exists, and nothing public is left out of it."""

from __future__ import annotations

import dataclasses
import inspect
import re

import pytest
from processes import REPOSITORY

import strategic_memory_client
from strategic_memory_client import ClientOptions, Feedback, StrategicMemoryClient, StrategicMemoryError
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.transports.asynchronous.admin import AsyncAdmin
from strategic_memory_client.transports.synchronous.admin import SyncAdmin

PAGE = (REPOSITORY / "docs" / "client.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_examples_compile_and_use_what_there_is(block: str) -> None:
    compile(block, "docs/client.md", "exec")
    for name in re.findall(r"(?<!\.)\b[A-Z][A-Za-z]+\b", re.sub(r'"[^"]*"|#.*', "", block)):
        assert name in strategic_memory_client.__all__ or name in ("UTC", "None")
    for name in re.findall(r"\bclient\.(\w+)", block):
        assert hasattr(StrategicMemoryClient, name)


def documented(names: set[str]) -> set[str]:
    return {name for name in names if re.search(rf"`[^`]*\b{name}\b[^`]*`", PAGE)}


def test_every_field_option_error_and_exit_code_is_documented() -> None:
    fields = {field.name for kind in (Feedback, ClientOptions) for field in dataclasses.fields(kind)}
    public = {name: getattr(strategic_memory_client, name) for name in strategic_memory_client.__all__}
    errors = {name for name, what in public.items() if inspect.isclass(what) and issubclass(what, StrategicMemoryError)}
    methods = {name for name in dir(StrategicMemoryClient) if not name.startswith("_")} - {"options"}
    names = fields | errors | methods
    assert documented(names) == names
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == {int(code) for code in ExitCode}


def test_both_clients_offer_the_same() -> None:
    blocking = {name for name in dir(StrategicMemoryClient) if not name.startswith("_")}
    asynchronous = {
        name for name in dir(strategic_memory_client.AsyncStrategicMemoryClient) if not name.startswith("_")
    }
    assert blocking - {"close"} == asynchronous - {"aclose"}
    for name in blocking - {"close", "is_closed", "newest", "options", "admin"}:
        assert parameters(StrategicMemoryClient, name) == parameters(
            strategic_memory_client.AsyncStrategicMemoryClient, name
        )
    for name in (each for each in dir(SyncAdmin) if not each.startswith("_")):
        assert parameters(SyncAdmin, name) == parameters(AsyncAdmin, name)


def parameters(kind: type, name: str) -> list[inspect.Parameter]:
    return list(inspect.signature(getattr(kind, name)).parameters.values())
