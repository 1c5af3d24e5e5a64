"""The image and its composition, as far as they can be held to anything without a container engine."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import yaml
from dockerfile import Instruction, read_dockerfile
from processes import REPOSITORY


@pytest.fixture
def dockerfile() -> list[Instruction]:
    return read_dockerfile(REPOSITORY / "Dockerfile")


@pytest.fixture
def final_stage(dockerfile: list[Instruction]) -> dict[str, Instruction]:
    return {item.keyword: item for item in dockerfile if item.stage == dockerfile[-1].stage}


@pytest.fixture
def services() -> dict[str, Any]:
    composition = yaml.safe_load((REPOSITORY / "deploy" / "compose.yaml").read_text())
    services: dict[str, Any] = composition["services"]
    return services


@pytest.fixture
def version() -> str:
    return str(tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"])


def test_every_copied_file_exists_and_reaches_the_builder(dockerfile: list[Instruction]) -> None:
    copied = {
        name for item in dockerfile if item.keyword == "COPY" and item.stage == "build" for name in item.arguments[:-1]
    }
    sent = {
        line.removeprefix("!")
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }

    assert all((REPOSITORY / name).exists() for name in copied)
    assert copied == sent


def test_the_image_runs_as_a_numbered_user_that_is_not_root(final_stage: dict[str, Instruction]) -> None:
    user, _, group = final_stage["USER"].rest.partition(":")

    assert int(user) > 0
    assert int(group) > 0


def test_signals_reach_the_service_itself(final_stage: dict[str, Instruction]) -> None:
    assert final_stage["STOPSIGNAL"].rest == "SIGTERM"
    assert final_stage["ENTRYPOINT"].arguments == ["strategic-memory-server"]
    assert final_stage["CMD"].arguments == ["serve"]


def test_the_service_listens_on_every_address_inside_the_container(
    final_stage: dict[str, Instruction],
) -> None:
    settings = dict(pair.split("=", 1) for pair in final_stage["ENV"].arguments)

    assert settings["STRATEGIC_MEMORY_GRPC_ADDRESS"] == "0.0.0.0:50051"
    assert settings["STRATEGIC_MEMORY_HTTP_ADDRESS"] == "0.0.0.0:8001"


def test_no_secret_is_built_in(dockerfile: list[Instruction]) -> None:
    words = [item.rest.lower() for item in dockerfile if item.keyword in {"ENV", "ARG", "LABEL"}]

    assert not [text for text in words if "redis_url" in text or "password" in text or "token" in text]


def test_the_composition_builds_this_image_at_this_version(
    services: dict[str, Any], final_stage: dict[str, Instruction], version: str
) -> None:
    labels = dict(pair.split("=", 1) for pair in final_stage["LABEL"].arguments)

    assert (REPOSITORY / "deploy" / services["strategic-memory"]["build"] / "Dockerfile").is_file()
    assert services["strategic-memory"]["image"] == f"strategic-memory:{version}"
    assert labels["org.opencontainers.image.version"] == version


def test_the_service_starts_once_redis_is_healthy_and_reaches_it_by_name(services: dict[str, Any]) -> None:
    assert services["strategic-memory"]["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert services["strategic-memory"]["environment"]["REDIS_URL"] == "redis://redis:6379/0"
    assert "PONG" in services["redis"]["healthcheck"]["test"][1]
    assert services["redis"]["command"][1:3] == ["--appendonly", "yes"]


def test_the_service_stays_within_the_promised_resources(services: dict[str, Any]) -> None:
    limits = services["strategic-memory"]["deploy"]["resources"]["limits"]

    assert limits == {"memory": "256M", "cpus": "0.3"}


@pytest.mark.parametrize("name", ["redis", "strategic-memory"])
def test_a_container_is_confined(services: dict[str, Any], name: str) -> None:
    service = services[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"]


@pytest.mark.parametrize("name", ["redis", "strategic-memory"])
def test_the_log_of_a_container_takes_so_much_of_the_disk_and_no_more(services: dict[str, Any], name: str) -> None:
    """By itself Docker keeps every line, of each sync one: after months the disk is full, and Redis takes no writes."""
    logging = services[name]["logging"]

    assert logging["driver"] == "json-file"
    assert {*logging["options"]} == {"max-size", "max-file"}
