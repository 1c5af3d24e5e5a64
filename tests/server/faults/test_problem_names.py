"""Every problem that the code states is in the table of docs/operations.md, under the words that `/health` shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import strategic_memory_server
from strategic_memory_server.identity import access
from strategic_memory_server.inputs import input_problems
from strategic_memory_server.redis_access import redis_risks
from strategic_memory_server.tls import served_certificates

PACKAGE = Path(strategic_memory_server.__file__).parent
TABLE = Path(__file__).parents[3] / "docs" / "operations.md"

NAMES_OF_LOOPS = {
    "cap_problems.py": {
        f"{cap}_{what}" for cap in ("exposure_cap", "leverage_limits_cap") for what in ("lifted", "unreadable")
    },
    "followed_files.py": {access.UNUSABLE, served_certificates.UNUSABLE},
    "input_problems.py": set(input_problems._SENTENCES),
    # It passes on what others state.
    "unnamed_portfolios.py": set(),
    "redis_risks.py": {redis_risks.EVICTS, redis_risks.NOT_PERSISTENT},
}
"""What is stated where the name is neither written out nor a constant of the module."""


def stated() -> Iterator[tuple[str, str]]:
    """Yield (file, name) of each problem."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = dict(constants_of(tree))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func).removeprefix("self._") == "problems.state":
                for name in names_of(call.args[0], constants, path.name):
                    yield path.name, name


def constants_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets = [each for target in statement.targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            values = [each for each in ast.walk(statement.value) if isinstance(each, ast.Constant)]
            if len(targets) == len(values):
                yield from zip([each.id for each in targets], [str(each.value) for each in values], strict=True)


def names_of(name: ast.expr, constants: Mapping[str, str], file: str) -> set[str]:
    if isinstance(name, ast.Constant):
        return {str(name.value)}
    if isinstance(name, ast.Name) and name.id in constants:
        return {constants[name.id]}
    return NAMES_OF_LOOPS[file]


def test_every_problem_that_is_stated_is_in_the_table_of_what_to_do() -> None:
    told = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    found = dict.fromkeys(stated())
    assert len(found) > 20
    missing = [(file, name) for file, name in found if not any(name.replace("_", " ") in line for line in told)]
    assert missing == []
