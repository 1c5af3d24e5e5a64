"""Servers that are killed, frozen, cut off from Redis, or asked to end, while everybody listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.deadline import RECOVERS_WITHIN_S
from chaos.short_run import play_short

pytestmark = pytest.mark.system


@pytest.mark.parametrize("name", ["killed servers", "frozen leader", "leader cut off", "draining", "workers"])
def test_another_server_leads_and_no_promise_is_broken(name: str, tmp_path: Path) -> None:
    outcome = play_short(name, tmp_path)
    assert outcome.replacement_s
    assert max(outcome.replacement_s) < RECOVERS_WITHIN_S
    assert len(outcome.history.epochs) == 1


@pytest.mark.parametrize("name", ["other settings", "other settings that lead"])
def test_a_server_with_other_settings_leads_only_where_it_was_told_to(name: str, tmp_path: Path) -> None:
    assert play_short(name, tmp_path).replacement_s
