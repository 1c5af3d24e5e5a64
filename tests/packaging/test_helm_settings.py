"""The settings that the Helm chart gives to the service, and the values that it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import redis
import yaml
from each_case import each_case
from helm_chart import (
    CHART,
    MOUNTED,
    ORDINAL,
    VARIANTS,
    Values,
    container,
    container_of,
    helm,
    one,
    pods,
    settings_in,
    template,
    variables,
)
from least_user import make_user
from patient_redis import PATIENT
from processes import command_path, service_environment
from redis_kinds.documented import FILE, user_of

from strategic_memory_server.configuration.environment import Environment, read_environment, unknown_variables
from strategic_memory_server.configuration.portfolio_file import read_portfolio_file
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.memory.shard import Shard

pytestmark = pytest.mark.processes

SET_BY_THE_CHART = {
    "REDIS_URL",
    "STRATEGIC_MEMORY_GRPC_ADDRESS",
    "STRATEGIC_MEMORY_HTTP_ADDRESS",
    "STRATEGIC_MEMORY_WORKERS",
    "STRATEGIC_MEMORY_INSECURE_LISTEN",
    "STRATEGIC_MEMORY_TLS_CERT",
    "STRATEGIC_MEMORY_TLS_KEY",
    "STRATEGIC_MEMORY_TLS_CLIENT_CA",
    "STRATEGIC_MEMORY_ACCESS_FILE",
}
A_SECRET_ITSELF = {"STRATEGIC_MEMORY_REDIS_SENTINEL_PASSWORD"}
"""It has a variable of the same name and _FILE."""


def known_variables() -> set[str]:
    return {
        field.validation_alias if isinstance(field.validation_alias, str) else f"STRATEGIC_MEMORY_{name.upper()}"
        for name, field in Environment.model_fields.items()
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_service_takes_the_settings_of_the_chart(
    variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings_in(tmp_path, variant)
    assert not unknown_variables(given)
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    # Of a Secret that the chart names, which pods alone see.
    monkeypatch.setenv("REDIS_URL", "rediss://redis")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = read_environment().service_settings()
    assert settings.grpc.address == "0.0.0.0:50051"
    assert (settings.tls is None) == (variant in {"plain", "tokens alone"})
    assert (settings.access_file is None) == (variant in {"default", "plain"})


def test_each_pod_syncs_the_share_of_its_ordinal_of_the_portfolios_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in settings_in(tmp_path, "shards").items():
        monkeypatch.setenv(name, value)
    settings = read_environment().service_settings()
    assert settings.shard == Shard(ORDINAL % 16, 16)
    assert settings.portfolios is not None
    assert settings.portfolios.file is not None
    listed = read_portfolio_file(settings.portfolios.file)
    assert set(listed) == {"alpha", "beta"}
    # Portfolios come and go without a restart, so that nothing of them is in what makes a pod another one.
    others = template({**VARIANTS["shards"], "portfolios": "[portfolios.gamma]"})
    (made,) = [each for each in yaml.safe_load_all(others.stdout) if each and each["kind"] == "StatefulSet"]
    assert made == one("shards", "StatefulSet")
    assert "STRATEGIC_MEMORY_SHARD" not in str(pods("shards")[1]), "a Job has no ordinal"


def test_where_pods_are_not_told_their_ordinal_shards_are_refused() -> None:
    old = ("template", "desk", "--kube-version", "1.27.0")
    done = helm(*old, values=VARIANTS["shards"])
    assert done.returncode != 0
    assert "shards: 16 needs Kubernetes 1.28" in done.stderr
    assert helm(*old, values={**VARIANTS["shards"], "shards": 1}).returncode == 0


def test_leave_to_listen_in_plain_text_is_asked_for_only_there() -> None:
    said = {variant: variables(variant)["STRATEGIC_MEMORY_INSECURE_LISTEN"] for variant in VARIANTS}
    assert said == {variant: "on" if variant == "plain" else "off" for variant in VARIANTS}


def test_numbers_and_switches_arrive_as_the_service_reads_them() -> None:
    given = variables("everything")
    assert given["MEMORY_SYNC_INTERVAL"] == "30"
    assert given["STRATEGIC_MEMORY_MAX_SUBSCRIBERS"] == "1000000"
    assert given["STRATEGIC_MEMORY_SYNC_FLOOR"] == "0.25"
    assert given["STRATEGIC_MEMORY_WORKERS"] == "2"
    assert given["STRATEGIC_MEMORY_EVIDENCE_EXPLORATION"] == "on"
    assert given["STRATEGIC_MEMORY_HTTP_HOSTS"] == "memory.desk"
    assert variables("default")["STRATEGIC_MEMORY_HTTP_HOSTS"].split(",")[-1] == "desk-strategic-memory.trading.svc"


def test_every_file_that_is_named_is_mounted() -> None:
    for variant in VARIANTS:
        for pod in pods(variant):
            contained = container_of(pod)
            mounts = {mount["mountPath"]: mount["name"] for mount in contained["volumeMounts"]}
            named = [*(each.get("value", "") for each in contained["env"]), *contained["args"]]
            assert {str(Path(value).parent) for value in named if value.startswith(MOUNTED)} <= set(mounts)
            assert set(mounts.values()) == {volume["name"] for volume in pod["spec"]["volumes"]}


def test_before_an_install_redis_is_prepared_by_a_user_whom_the_service_does_not_know(
    fresh_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    service, job = map(container_of, pods("everything"))
    assert "admin" not in str(service["volumeMounts"])
    with redis.Redis.from_url(fresh_redis.url) as client:
        if int(client.info("server")["redis_version"].split(".")[0]) < 7:
            pytest.skip("this Redis has no functions")
        make_user(client)
        client.execute_command("ACL", "SETUSER", *user_of(FILE, "strategic-memory-admin"))
    (tmp_path / "password").write_text("change-me-admin\n")
    done = subprocess.run(
        [command_path("strategic-memory-server"), *job["args"][:-1], tmp_path / Path(job["args"][-1]).name],
        env=service_environment(
            {"REDIS_URL": fresh_redis.url.replace("//", "//strategic-memory:change-me@"), **PATIENT}
        ),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "may do there what the service needs" in done.stdout


def test_a_url_with_a_password_comes_from_a_secret() -> None:
    (given,) = [each for each in container("everything")["env"] if each["name"] == "REDIS_URL"]
    assert given == {"name": "REDIS_URL", "valueFrom": {"secretKeyRef": {"name": "desk-redis", "key": "REDIS_URL"}}}


def test_every_setting_of_the_service_can_be_given_and_no_other() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    given = set(schema["properties"]["settings"]["properties"])
    assert given == known_variables() - SET_BY_THE_CHART - A_SECRET_ITSELF, "see values.schema.json of the chart"


REFUSED: list[tuple[Values, tuple[str, ...]]] = [
    ({"tls": {"secret": ""}}, ("nothing would be encrypted", "insecureListen: true")),
    ({"insecureListen": True}, ("insecureListen is for plain text", "leave it out")),
    ({"tls": {"secret": "", "clientCA": "ca.crt"}, "access": {"secret": "a"}}, ("tls.clientCA needs tls.secret",)),
    ({"redis": {"url": "redis://desk:pa55@redis:6379/0"}}, ("redis.url holds a password", "redis.urlSecret.name")),
    ({"redis": {"url": "rediss://redis:6379/0?ssl_password=pa55"}}, ("redis.url holds a password",)),
    ({"redis": {"url": "http://redis"}}, ("/redis/url", "does not match pattern")),
    ({"settings": {"STRATEGIC_MEMORY_RULZ": "evidence"}}, ("/settings", "STRATEGIC_MEMORY_RULZ", "not allowed")),
    ({"settings": {"STRATEGIC_MEMORY_TLS_CERT": "/x"}}, ("/settings", "STRATEGIC_MEMORY_TLS_CERT", "not allowed")),
    ({"settings": {"STRATEGIC_MEMORY_RULES": ["evidence"]}}, ("/settings/STRATEGIC_MEMORY_RULES", "got array")),
    ({"environment": [{"name": "STRATEGIC_MEMORY_RULES", "value": "x"}]}, ("STRATEGIC_MEMORY_RULES", "settings")),
    ({"access": {"secret": "a"}, "serviceMonitor": {"enabled": True}}, ("401", "serviceMonitor.tokenSecret.name")),
    # An empty list would let everybody in, and a missing one too.
    ({"networkPolicy": {"clients": []}}, ("/networkPolicy/clients", "minItems")),
    ({"networkPolicy": {"monitoring": None}}, ("/networkPolicy", "monitoring")),
    ({"prepareRedis": {"admin": "a"}}, ("prepareRedis.admin", "belong together")),
    ({"replicas": "two"}, ("/replicas", "want integer")),
    ({"replicas": 0}, ("/replicas", "minimum")),
    ({"workers": 0}, ("/workers", "minimum")),
    ({"workers": 2}, ("workers: 2 in the memory of one", "resources.limits.memory")),
    ({"shards": 16, "replicas": 8}, ("replicas: 8 cannot be shared by shards: 16", "32 for two")),
    ({"shards": 4, "replicas": 6}, ("replicas: 6 cannot be shared by shards: 4", "8 for two")),
    ({"shards": 0}, ("/shards", "minimum")),
    ({"shards": 2, "settings": {"STRATEGIC_MEMORY_SHARD": "0/2"}}, ("STRATEGIC_MEMORY_SHARD", "give one of them")),
    (
        {"portfolios": "[portfolios.a]", "settings": {"STRATEGIC_MEMORY_PORTFOLIO_SET": "desk"}},
        ("STRATEGIC_MEMORY_PORTFOLIO_SET", "give one of them"),
    ),
    ({"terminationGracePeriodSeconds": 2}, ("/terminationGracePeriodSeconds", "minimum")),
    ({"image": {"digest": "latest"}}, ("/image/digest",)),
    ({"tls": {"secret": "Desk_TLS"}}, ("/tls/secret",)),
    ({"replica": 3}, ("replica", "not allowed")),
]


@each_case("values, words", REFUSED)
def test_values_that_cannot_be_are_refused_in_a_sentence(values: Values, words: tuple[str, ...]) -> None:
    done = template(values)
    assert done.returncode != 0
    assert done.stdout == ""
    assert [word for word in words if word not in done.stderr] == []
    assert "pa55" not in done.stderr
    assert "nil pointer" not in done.stderr
