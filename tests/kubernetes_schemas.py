"""Checks resources against the schemas of Kubernetes and of the Prometheus operator, in an environment that has those.

`scripts/kubernetes-schemas` makes it. Reads a JSON list of resources, writes a line for each that is wrong.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

import kubernetes_validate.utils
from cloudcoil.models.prometheus_operator.v1 import ServiceMonitor

# It reads and parses a file of megabytes for each resource.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)


def what_is_wrong(resource: dict[str, Any], version: str) -> str:
    """Say what a version of Kubernetes, or the operator, would refuse; "" for nothing."""
    try:
        if resource["kind"] == "ServiceMonitor":
            read = ServiceMonitor.model_validate(resource)
            # What the model does not know it leaves out, as the operator's own resource does.
            kept = read.model_dump(by_alias=True, exclude_unset=True, mode="json")
            return "" if kept == resource else f"of {resource} there stays {kept}"
        kubernetes_validate.utils.validate(resource, version, strict=True)
    except (kubernetes_validate.ValidationError, ValueError) as error:
        return f"{list(getattr(error, 'absolute_path', []))} {getattr(error, 'message', error)}"
    return ""


def main(versions: list[str]) -> int:
    """Check what is read; 1 where something is wrong."""
    resources = json.load(sys.stdin)
    wrong = [
        f"{resource['kind']} {resource['metadata']['name']} in {version}: {what}"
        for version in versions
        for resource in resources
        if (what := what_is_wrong(resource, version))
    ]
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
