"""The portfolio file: a table for each portfolio, in TOML, with what it is told otherwise than the service.

[portfolios.alpha]

[portfolios.beta]
rules = "evidence"
trade_window = 100

[portfolios."desk.7"]
key_prefix = "desk7"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from strategic_memory_server.configuration.portfolio_settings import Section
from strategic_memory_server.files.followed_files import UnusableFilesError
from strategic_memory_server.files.readable import why_unreadable
from strategic_memory_server.memory.portfolio_name import NAME, WANTED

_TOP = "portfolios"


class PortfolioFileError(UnusableFilesError):
    """The file cannot be used; the text says why."""


def read_portfolio_file(path: Path, *, may_be_empty: bool = True) -> Mapping[str, Section]:
    """Read the sections, by the name of the portfolio. Raises PortfolioFileError.

    Args:
        path: the file.
        may_be_empty: whether one that says nothing at all means that there are none.
    """
    if why := why_unreadable(str(path)):
        raise PortfolioFileError(f"cannot be read: {why}")
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PortfolioFileError(f"{path}: cannot be read: {error}") from None
    if further := sorted(found.keys() - {_TOP}):
        raise PortfolioFileError(f"{path}: {further[0]} is not known; a portfolio is a table [{_TOP}.NAME]")
    if not found and not may_be_empty:
        raise PortfolioFileError(f"{path}: is empty; write [{_TOP}] if there are to be none")
    sections = found.get(_TOP, {})
    if not isinstance(sections, dict):
        raise PortfolioFileError(f"{path}: {_TOP} is no table; a portfolio is a table [{_TOP}.NAME]")
    for name, section in sections.items():
        _check(path, name, section)
    return sections


def _check(path: Path, name: str, section: object) -> None:
    if not NAME.fullmatch(name):
        raise PortfolioFileError(f"{path}: {name!r} is no name of a portfolio; give {WANTED}")
    if not isinstance(section, dict):
        raise PortfolioFileError(f"{path}: {name} is no table; a portfolio is a table [{_TOP}.{name}]")
    for key, value in section.items():
        # For Python true is a number, and a setting of 1 that nobody has given.
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            hint = _hint(name, key, value)
            raise PortfolioFileError(f"{path}, portfolio {name}: {key} is no number and no text{hint}")


def _hint(name: str, key: str, value: object) -> str:
    if isinstance(value, bool):
        return f', but {str(value).lower()}; give a number, or "on" or "off" with the quotes'
    return f'; a name with dots is written in quotes: [{_TOP}."{name}.{key}"]' if isinstance(value, dict) else ""
