"""The leverage that the page shows once advice holds no more is the one that clients say."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict
from processes import require_tool

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client.wire.from_wire import feedback_from_wire

pytestmark = pytest.mark.processes

LEVERAGES = (0.0, 0.7, 1.5)


def test_it_is_what_clients_say(tmp_path: Path) -> None:
    node = require_tool("node")
    messages = [
        feedback_pb2.Feedback(
            leverage_hint=hint,
            current=feedback_pb2.RegimeAdvice(leverage_hint=2.0),
            leverage_caps=[feedback_pb2.LeverageCap(source="risk", value=cap)] if cap else [],
            override=feedback_pb2.Override(is_forced=True, rules_leverage_hint=rules, rules_current_leverage_hint=rules)
            if rules is not None
            else None,
        )
        for hint in LEVERAGES
        for rules in (None, *LEVERAGES)
        for cap in (None, 0.5)
    ]
    # As a module by its name, whichever release of Node.js reads it.
    for name in ("sections", "writing"):
        shutil.copy(str(resources.files("strategic_memory_server.page") / "static" / f"{name}.js"), tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "say.js").write_text(
        """import { readFileSync } from "node:fs";
        import { safeLeverages } from "./sections.js";
        const said = JSON.parse(readFileSync(0)).map(safeLeverages);
        console.log(JSON.stringify(said.map(({ preferred, current }) => [Number(preferred), Number(current)])));"""
    )
    asked = json.dumps([MessageToDict(each, preserving_proto_field_name=True) for each in messages])
    done = subprocess.run([node, tmp_path / "say.js"], input=asked, capture_output=True, text=True, check=True)
    safe = [feedback_from_wire(each).as_safe() for each in messages]
    assert json.loads(done.stdout) == [
        [each.leverage_hint, each.current and each.current.leverage_hint] for each in safe
    ]
