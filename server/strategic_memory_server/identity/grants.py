"""Grants: what a line of the access file gives; each scope for all portfolios, or for those that it names."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.identity.scope import Scope

ALL = "*"
"""Stands for what is said of all portfolios together; no portfolio has that name."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What somebody may do.

    Attributes:
        of_all: scopes that hold for every portfolio, and for what is said of all together.
        of_one: scopes that hold for one portfolio, with the name of that; the default one has an empty name.
    """

    of_all: frozenset[Scope]
    of_one: frozenset[tuple[Scope, str]] = frozenset()

    def permit(self, scope: Scope, portfolio: str | None) -> bool:
        """Tell whether they give a scope for a portfolio; None: for any one at all."""
        if scope in self.of_all:
            return True
        if portfolio is None:
            return any(scope is given for given, _ in self.of_one)
        return (scope, portfolio) in self.of_one
