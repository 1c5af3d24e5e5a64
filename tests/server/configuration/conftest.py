"""The environment of the tests of the configuration."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the machine that runs the tests counts."""
    for name in list(os.environ):
        if name.upper().startswith("STRATEGIC_MEMORY_") or name in ("REDIS_URL", "MEMORY_SYNC_INTERVAL"):
            monkeypatch.delenv(name)
