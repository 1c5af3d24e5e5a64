"""The tools whose exports are read, each in its newest release."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool.

    Attributes:
        name: of its package.
        version: its release.
        script: in `tools/`; writes the exports and `<what it runs>.expected.json`; empty where there is none.
        beside: further requirements of the script.
        python: the oldest CPython that it installs on.
        is_adapted: whether tests need this project beside it, as those of an adapter do.
    """

    name: str
    version: str
    script: str
    beside: tuple[str, ...] = ()
    python: tuple[int, int] = (3, 11)
    is_adapted: bool = False

    @property
    def requirement(self) -> str:
        """What pip installs."""
        return f"{self.name}=={self.version}"


TOOLS = (
    Tool("backtesting", "0.6.6", "run_backtesting.py", is_adapted=True),
    Tool("vectorbt", "1.2.0", "run_vectorbt.py"),
    Tool("freqtrade", "2026.9", "run_freqtrade.py", is_adapted=True),
    # On a Python before that only older releases install.
    Tool("nautilus_trader", "1.231.0", "run_nautilus_trader.py", python=(3, 12), is_adapted=True),
    Tool("backtrader", "1.9.78.123", "run_backtrader.py"),
    Tool("jesse", "3.5.3", "run_jesse.py"),
    Tool("zipline-reloaded", "3.2.1", "run_zipline.py", ("pyfolio-reloaded==0.10.1",)),
    Tool("quantstats", "0.0.86", "run_quantstats.py"),
)

FRAMES = Tool("pandas", "2.3.3", "", ("polars==2.1.0", "pyarrow==26.0.1"), is_adapted=True)
"""The data frames that programs have, beside the pandas that the tests are run with: no backtester."""

FIGURES = Tool(
    "empyrical-reloaded", "0.7.1", "", ("quantstats==0.0.86", "pandas==3.1.1", "scipy==1.17.1", "numpy==2.4.6")
)
"""The libraries whose figures docs/same-figures.md compares with ours."""

PINNED = (*TOOLS, FRAMES, FIGURES)
"""All that has an environment of its own."""
