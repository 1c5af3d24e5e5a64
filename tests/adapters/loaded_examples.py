"""Programs of `examples/` as modules, and advice for them."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from typing import Any

from processes import REPOSITORY

from strategic_memory_client import Feedback, FeedbackStatus, Policy, RegimeAdvice
from strategic_memory_client.values.results import WARMING_UP

CONSERVATIVE, BALANCED, AGGRESSIVE = Policy.CONSERVATIVE, Policy.BALANCED, Policy.AGGRESSIVE


def loaded(name: str) -> Any:  # noqa: ANN401  a program that is no module of a package
    """Return a program of the examples as a module."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def advice(policy: Policy, confidence: float, *, is_probe: bool = False) -> Feedback:
    current = RegimeAdvice("BULL", policy, confidence, 1.2, is_probe=is_probe)
    return replace(WARMING_UP, status=FeedbackStatus.ACTIVE, current=current)
