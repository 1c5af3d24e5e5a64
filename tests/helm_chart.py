"""The Helm chart, rendered by the real `helm`, and what a rendering holds."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from certificates import Authority
from processes import REPOSITORY, require_tool

CHART = REPOSITORY / "deploy" / "helm" / "strategic-memory"
MOUNTED = "/etc/strategic-memory/"
ORDINAL = 19
"""Of the pod whose variables are looked at, where they name it."""

Values = dict[str, Any]
Resource = dict[str, Any]

_ORDINAL = "metadata.labels['apps.kubernetes.io/pod-index']"
_PLAIN: Values = {"tls": {"secret": ""}, "insecureListen": True}
_TLS_AND_TOKENS: Values = {"tls": {"secret": "desk-tls", "clientCA": "ca.crt"}, "access": {"secret": "desk-access"}}
_EVERYTHING: Values = {
    **_TLS_AND_TOKENS,
    "replicas": 3,
    "workers": 2,
    "resources": {"requests": {"memory": "512Mi"}, "limits": {"memory": "512Mi"}},
    "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": ["registry"]},
    "redis": {"urlSecret": {"name": "desk-redis"}},
    "prepareRedis": {"admin": "strategic-memory-admin", "passwordSecret": {"name": "desk-redis-admin"}},
    "settings": {
        "MEMORY_SYNC_INTERVAL": 30,
        "STRATEGIC_MEMORY_MAX_SUBSCRIBERS": 1_000_000,
        "STRATEGIC_MEMORY_SYNC_FLOOR": 0.25,
        "STRATEGIC_MEMORY_EVIDENCE_EXPLORATION": True,
        "STRATEGIC_MEMORY_RULES": "evidence",
        "STRATEGIC_MEMORY_REDIS_PASSWORD_FILE": "/etc/strategic-memory/secrets/redis/password",
        "STRATEGIC_MEMORY_REDIS_CA": "/etc/strategic-memory/files/redis-ca.pem",
        "STRATEGIC_MEMORY_HTTP_HOSTS": "memory.desk",
    },
    "secrets": ["redis"],
    "files": {"redis-ca.pem": "-----BEGIN CERTIFICATE-----\n"},
    "arguments": ["--log-level", "$(LEVEL)"],
    "environment": [
        {"name": "LEVEL", "value": "WARNING"},
        {
            "name": "ORDINAL",
            "valueFrom": {"fieldRef": {"fieldPath": _ORDINAL}},
        },
    ],
    "service": {"type": "LoadBalancer", "annotations": {"internal": "true"}},
    "networkPolicy": {
        "clients": [{"podSelector": {"matchLabels": {"desk": "a"}}}],
        "monitoring": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        "redis": {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [6379, 26379]},
        "egress": [{"ports": [{"protocol": "TCP", "port": 4317}]}],
    },
    "podDisruptionBudget": {"maxUnavailable": "50%"},
    "serviceMonitor": {
        "enabled": True,
        "labels": {"release": "prometheus"},
        "job": "strategic-memory-desk",
        "tokenSecret": {"name": "scrape"},
    },
    "serviceAccount": {"annotations": {"note": "none"}},
    "podAnnotations": {"note": "none"},
    "podLabels": {"desk": "a"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "desk", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "trading",
}
_SHARDS: Values = {
    **_TLS_AND_TOKENS,
    "shards": 16,
    "replicas": 32,
    "portfolios": '[portfolios.alpha]\n\n[portfolios.beta]\nrules = "evidence"\n',
    "prepareRedis": {"admin": "strategic-memory-admin", "passwordSecret": {"name": "desk-redis-admin"}},
    "settings": {
        "STRATEGIC_MEMORY_PORTFOLIO_PREFIX": "{quantum:{portfolio}}",
        "STRATEGIC_MEMORY_LEASE": 20,
    },
    "resources": {"requests": {"memory": "512Mi"}, "limits": {"memory": "512Mi"}},
}
VARIANTS: dict[str, Values] = {
    "default": {},
    "plain": _PLAIN,
    "tokens alone": {"tls": {"secret": ""}, "access": {"secret": "desk-access"}},
    "tls and tokens": _TLS_AND_TOKENS,
    "everything": _EVERYTHING,
    "shards": _SHARDS,
}
"""Values that are deployed, by what they are."""


def helm(*arguments: str, values: Values | None = None) -> subprocess.CompletedProcess[str]:
    """Run `helm`, with values if there are any."""
    given = ("--values", "-") if values else ()
    return subprocess.run(
        [require_tool("helm"), *arguments, str(CHART), *given],
        input=json.dumps(values or {}), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def template(values: Values, release: str = "desk") -> subprocess.CompletedProcess[str]:
    """Render the chart for one release in the namespace `trading`."""
    return helm("template", release, "--namespace", "trading", values=values)


@cache
def rendered(variant: str) -> list[Resource]:
    """Return the resources of a variant; they are shared."""
    done = template(VARIANTS[variant])
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def one(variant: str, kind: str) -> Resource:
    """Return the only resource of a kind."""
    (found,) = [resource for resource in rendered(variant) if resource["kind"] == kind]
    return found


def settings_in(folder: Path, variant: str) -> dict[str, str]:
    """Write what Kubernetes would mount into a folder, and return the variables, which name files in that."""
    authority = Authority(folder, "authority")
    certificate = authority.certificate("service")
    files = {
        "tls/tls.crt": certificate.chain.read_text(),
        "tls/tls.key": certificate.key.read_text(),
        "tls/ca.crt": authority.own.chain.read_text(),
        "files/redis-ca.pem": authority.own.chain.read_text(),
        "access/access": f"desk read sha256:{'0' * 64}\n",
        "secrets/redis/password": "secret\n",
    }
    for resource in rendered(variant):
        if resource["kind"] == "ConfigMap" and resource["metadata"]["name"].endswith("-portfolios"):
            files |= {f"portfolios/{name}": text for name, text in resource["data"].items()}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return {name: value.replace(MOUNTED, f"{folder}/") for name, value in variables(variant).items()}


def pods(variant: str) -> list[Resource]:
    """Return the pods that are made of a variant, that of the service first."""
    makers = [resource for resource in rendered(variant) if resource["kind"] in {"StatefulSet", "Job"}]
    return [maker["spec"]["template"] for maker in sorted(makers, key=lambda maker: maker["kind"], reverse=True)]


def container_of(pod: Resource) -> Resource:
    """Return the only container of a pod."""
    (found,) = pod["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def container(variant: str) -> Resource:
    """Return the container of the service."""
    return container_of(pods(variant)[0])


def variables(variant: str) -> dict[str, str]:
    """Return the variables that the chart gives as text, as Kubernetes gives them to a pod of one ordinal."""
    given = {each["name"]: each for each in container(variant)["env"]}
    ordinals = {f"$({name})": str(ORDINAL) for name, each in given.items() if _ORDINAL in str(each)}
    found = {name: each["value"] for name, each in given.items() if "value" in each}
    for told, ordinal in ordinals.items():
        found = {name: value.replace(told, ordinal) for name, value in found.items()}
    return found
