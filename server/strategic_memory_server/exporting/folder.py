"""What an export is made of: a folder with one Parquet file for each part, and a word on what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from strategic_memory_server.entries.input_keys import META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS

EXPORT_VERSION, GUARDLESS_VERSION = 2, 1
"""Grows when an older version could no longer bring it back: without a drawdown guard the first one can."""

MANIFEST = "export.json"

NEEDS_PYARROW = "exports are Parquet files, which need pyarrow: pip install 'strategic-memory[server,replay]'"

STREAM_FILES: Mapping[str, str] = {
    META_REGIME: "observations.parquet",
    PORTFOLIO_MEMORY: "portfolio.parquet",
    TRADE_RESULTS: "trades.parquet",
}
VALUES_FILE, MEMORY_FILE, ADVICE_FILE = "values.parquet", "memory.parquet", "advice.parquet"
OVERRIDE_VALUE, GUARD_VALUE = "override", "guard"
"""Name among the values what operators have said, where it had not ended, and what the drawdown guard goes on from."""

READ_COLUMNS: Mapping[str, tuple[str, ...]] = {
    META_REGIME: ("regime", "pnl", "volatility", "trend", "confidence"),
    PORTFOLIO_MEMORY: ("regime", "pnl", "opened_at"),
    TRADE_RESULTS: ("market_regime", "realized_pnl", "policy", "strategy", "trade_id", "opened_at"),
}
"""Fields of the entries of each stream that have a column of their own, beside all fields as they stand."""


class FolderError(Exception):
    """A folder cannot be written, or holds no export. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export says of itself.

    Attributes:
        format_version: the oldest that brings it back, see `EXPORT_VERSION`.
        service_version: version of the service that wrote it.
        exported_at: when, ISO 8601.
        key_prefix: what the keys started with.
        decay: how the sums of the long memory decay that may lie beside the first one.
        rows: number of rows by file.
    """

    format_version: int
    service_version: str
    exported_at: str
    key_prefix: str
    decay: float
    rows: dict[str, int]

    def write(self, folder: Path) -> None:
        """Write it into its folder."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read what an export says of itself.

    Raises:
        FolderError: it is none, or of a newer format.
    """
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        # First of all: a newer format may have other keys. What is added without one changes nothing here.
        if (version := int(found["format_version"])) > EXPORT_VERSION:
            raise FolderError(
                f"{folder}: was exported by version {found.get('service_version')} in format {version}, and this "
                f"version reads up to {EXPORT_VERSION}: install that version or a newer one"
            )
        return Manifest(**{each.name: found[each.name] for each in fields(Manifest)})
    except FileNotFoundError:
        raise FolderError(
            f"{folder}: is no export: {MANIFEST} is missing; give files, or a folder of `export`"
        ) from None
    except KeyError as error:
        raise FolderError(f"{folder / MANIFEST}: cannot be read: it has no {error}") from None
    except (OSError, ValueError, TypeError) as error:
        raise FolderError(f"{folder / MANIFEST}: cannot be read: {error}") from None
