"""PortfolioFile: the file that names the portfolios, written anew as a whole while servers watch it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType


class PortfolioFile:
    """A table for each portfolio.

    Args:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: set[str] = set()

    def write(self, names: Iterable[str], prefixes: Mapping[str, str] = MappingProxyType({})) -> None:
        """Name these portfolios from now on; some may have a key prefix of their own."""
        self.names = set(names)
        tables = (_table(name, prefixes.get(name)) for name in sorted(self.names))
        written = self.path.with_suffix(".new")
        written.write_text("".join(tables) or "portfolios = {}\n")
        written.replace(self.path)


def _table(name: str, prefix: str | None) -> str:
    return f'[portfolios."{name}"]\n' + (f'key_prefix = "{prefix}"\n' if prefix else "")
