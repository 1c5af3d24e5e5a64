"""The Helm chart in deploy/, rendered by the real `helm`, and held to what Kubernetes, image and service know."""

from __future__ import annotations

import json
import subprocess
import tomllib
from copy import deepcopy

import pytest
import yaml
from dockerfile import read_dockerfile
from helm_chart import CHART, VARIANTS, Resource, container, container_of, helm, one, pods, rendered, template
from processes import REPOSITORY, do_without

from strategic_memory_server.monitoring.http_server import CAUGHT_UP, LIVE, READY
from strategic_memory_server.rpc.grpc_settings import GrpcSettings

pytestmark = pytest.mark.processes

SCHEMAS = REPOSITORY / ".tools" / "kubernetes"
OLDEST, NEWEST = "1.27", "1.37"
"""Versions of Kubernetes: the first that the chart says it takes, and the newest that the schemas know."""

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
every_variant = pytest.mark.parametrize("variant", VARIANTS)


def wrong_by_schema(resources: list[Resource]) -> str:
    if not (SCHEMAS / "complete").exists():
        do_without("kubernetes", "the schemas of Kubernetes are not there: scripts/kubernetes-schemas .venv/bin/python")
    done = subprocess.run(
        [SCHEMAS / "bin" / "python", REPOSITORY / "tests" / "kubernetes_schemas.py", OLDEST, NEWEST],
        input=json.dumps(resources), capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert not done.stderr, done.stderr
    return done.stdout


def test_helm_finds_nothing_to_complain_of() -> None:
    done = helm("lint", "--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


def test_every_resource_is_one_that_kubernetes_takes() -> None:
    resources = [resource for variant in VARIANTS for resource in rendered(variant)]
    assert len({resource["kind"] for resource in resources}) == 8
    # These two would be refused, or what is misspelt passed over; looked at in one go, for it takes seconds to begin.
    stateful, monitor = (deepcopy(one("everything", kind)) for kind in ("StatefulSet", "ServiceMonitor"))
    stateful["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    monitor["spec"]["endpoints"][0]["tlsConfig"]["serverNam"] = "x"
    wrong = wrong_by_schema([*resources, stateful, monitor]).splitlines()
    assert [line for line in wrong if "readinesProbe" not in line and "serverNam" not in line] == []
    assert [line.split()[0] for line in wrong] == ["StatefulSet", "ServiceMonitor"] * 2


def test_the_chart_has_the_version_of_the_distribution() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (str(chart["version"]), str(chart["appVersion"])) == (version, version)
    assert chart["kubeVersion"] == f">={OLDEST}.0-0"
    assert container("default")["image"] == f"strategic-memory:{version}"


@every_variant
def test_what_selects_pods_finds_them(variant: str) -> None:
    labels = pods(variant)[0]["metadata"]["labels"].items()
    ports = {port["name"] for port in container(variant)["ports"]}
    services = [resource for resource in rendered(variant) if resource["kind"] == "Service"]
    for service in services:
        assert service["spec"]["selector"].items() <= labels
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for kind, field in (
        ("StatefulSet", "selector"),
        ("PodDisruptionBudget", "selector"),
        ("NetworkPolicy", "podSelector"),
    ):
        assert one(variant, kind)["spec"][field]["matchLabels"].items() <= labels
    for constraint in pods(variant)[0]["spec"]["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"].items() <= labels
    assert not [
        pod for pod in pods(variant)[1:] if services[0]["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    ]
    (headless,) = [service for service in services if service["spec"].get("clusterIP") == "None"]
    assert one(variant, "StatefulSet")["spec"]["serviceName"] == headless["metadata"]["name"]


def test_prometheus_scrapes_each_pod_once_under_the_name_that_the_alerts_expect() -> None:
    monitor = one("everything", "ServiceMonitor")["spec"]
    wanted = monitor["selector"]["matchLabels"].items()
    found = [
        resource
        for resource in rendered("everything")
        if resource["kind"] == "Service" and wanted <= resource["metadata"]["labels"].items()
    ]
    assert len(found) == 1
    (endpoint,) = monitor["endpoints"]
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "strategic-memory-desk"}]
    assert yaml.safe_load((CHART / "values.yaml").read_text())["serviceMonitor"]["job"] == "strategic-memory"
    assert endpoint["port"] in {port["name"] for port in found[0]["spec"]["ports"]}
    assert endpoint["scheme"] == "https"
    assert endpoint["authorization"]["credentials"] == {"name": "scrape", "key": "token"}


@every_variant
def test_a_pod_may_do_no_more_than_it_needs(variant: str) -> None:
    (user,) = [item.rest for item in read_dockerfile(REPOSITORY / "Dockerfile") if item.keyword == "USER"]
    for pod in pods(variant):
        spec, contained = pod["spec"], container_of(pod)
        assert f"{spec['securityContext']['runAsUser']}:{spec['securityContext']['runAsGroup']}" == user
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert contained["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        mounts = contained["volumeMounts"]
        assert [mount["name"] for mount in mounts if not mount.get("readOnly")] == ["tmp"]
        # By a sub-path a renewed Secret would never arrive.
        assert not [mount for mount in mounts if "subPath" in mount]


@every_variant
def test_the_network_lets_in_and_out_only_what_is_named(variant: str) -> None:
    policy = one(variant, "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert all(rule["from"] and rule["ports"] for rule in policy["ingress"])
    assert all(rule["ports"] for rule in policy["egress"])
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == ["grpc", "http"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_plain_text_is_probed_by_grpc_and_tls_by_https(variant: str) -> None:
    is_plain = variant in {"plain", "tokens alone"}
    asked = {"port": "http", "scheme": "HTTP" if is_plain else "HTTPS"}
    probes = {name: container(variant)[name] for name in PROBES}
    for name, path in {"startupProbe": READY, "livenessProbe": LIVE}.items():
        assert probes[name].get("grpc") == ({"port": 50051} if is_plain else None)
        assert probes[name].get("httpGet") == (None if is_plain else {"path": path, **asked})
    assert (probes["readinessProbe"].get("grpc"), probes["readinessProbe"]["httpGet"]) == (
        None,
        {"path": CAUGHT_UP, **asked},
    )
    assert {probe["timeoutSeconds"] for probe in probes.values()} == {5}


def test_it_is_killed_long_after_it_has_drained() -> None:
    settings = GrpcSettings()
    assert pods("default")[0]["spec"]["terminationGracePeriodSeconds"] > 5 * settings.stop_grace_s
    assert container("default")["resources"]["limits"] == {"memory": "256Mi"}


def test_names_fit_however_long_the_release_is_called() -> None:
    done = template(VARIANTS["everything"], release="d" * 53)
    names = [each["metadata"]["name"] for each in yaml.safe_load_all(done.stdout) if each]
    assert names
    assert max(map(len, names)) <= 63
    # To the name of the service come the ordinal of a pod, and in a label a digest.
    assert min(map(len, names)) <= 63 - len("-1234567890")


def test_each_replica_is_told_as_an_address() -> None:
    done = helm("install", "desk", "--dry-run=client", "--namespace", "trading", values=VARIANTS["everything"])
    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("NOTES:")[2]
    for ordinal in range(3):
        assert f"desk-strategic-memory-{ordinal}.desk-strategic-memory-pods.trading.svc:50051" in notes
