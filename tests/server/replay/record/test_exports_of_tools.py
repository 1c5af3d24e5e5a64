"""Exports that backtesters wrote are read without a flag, as the tools themselves count them."""

from __future__ import annotations

import math

import pytest
import replay_records
from records.expected import EXPORTS, Export, all_exports
from records.pinned import TOOLS

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.entry_columns import Kind


@pytest.mark.parametrize("export", all_exports(), ids=lambda export: export.path.name)
def test_an_export_is_read_as_its_tool_counts_it(export: Export) -> None:
    record = replay_records.read([export.path])
    entries = record.entries
    assert {Kind(kind).name.lower() for kind in entries.kind.tolist()} == {export.kind}
    assert len(record) == export.results
    assert math.fsum(entries.pnl.tolist()) == pytest.approx(export.pnl, rel=1e-9)
    assert (int(entries.opened_ms.min()), int(entries.time_ms.max())) == (export.first_opened_ms, export.last_closed_ms)


def test_the_exports_that_are_kept_are_those_of_the_releases_that_are_pinned() -> None:
    assert {(export.tool, export.version) for export in all_exports()} == {(tool.name, tool.version) for tool in TOOLS}


def test_a_strategy_of_a_table_that_names_none_is_an_error() -> None:
    with pytest.raises(ReplayError, match=r"has no strategy 'Other'; it holds one without a name"):
        replay_records.read([EXPORTS / "freqtrade_trades.csv"], strategy="Other")
