"""A part of the service that ends by a fault of the program ends the service, which must not look alive."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import StartService
from patient_redis import PATIENT

pytestmark = pytest.mark.system

FAULT = """
from strategic_memory_server.revisions import lapse_watch
from strategic_memory_server.revisions.leadership import Leadership

held = Leadership._held

def break_once_it_leads(*arguments):
    held(*arguments)
    lapse_watch.LOOK_S = "no number of seconds"

Leadership._held = break_once_it_leads
"""


def test_the_service_says_so_and_ends(start_service: StartService, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAULT)
    python_path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    # It leads to the end, however busy the machine is.
    lasting = {"STRATEGIC_MEMORY_LEASE": "15", **PATIENT}
    service = start_service(env={"PYTHONPATH": python_path, **lasting}, wait_until_ready=False)
    assert service.wait() == 1
    [line] = [line for line in service.log_lines() if line["level"] == "critical"]
    assert line["part"] == "lapse-watch"
    assert "TypeError" in line["exception"]
    assert service.stderr().startswith("strategic-memory-server: a part of the service has ended by a fault")
    assert service.log_lines()[-1]["event"] == "Leadership released", "it ends in order all the same"
