"""The examples of docs/redis.md, as a reader copies them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from processes import REPOSITORY

PAGE = (REPOSITORY / "docs" / "redis.md").read_text()
FILE = REPOSITORY / "deploy" / "redis-users.acl"
FILE_OF_6_2 = REPOSITORY / "deploy" / "redis-users-6.2.acl"


def examples() -> dict[str, dict[str, str]]:
    """Return the variables of every environment file on the page, by the name in its first line."""
    found = {}
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        title, *lines = block.strip().splitlines()
        assert title.startswith("# example: "), title
        found[title.removeprefix("# example: ")] = dict(line.split("=", 1) for line in lines)
    return found


def example(name: str, places: Mapping[str, object]) -> dict[str, str]:
    """Return the variables of one example, with its hosts and files replaced; each of `places` must occur in it."""
    variables = examples()[name]
    for shown, real in places.items():
        assert any(shown in value for value in variables.values()), f"{shown} is not in the example {name}"
        variables = {name: value.replace(shown, str(real)) for name, value in variables.items()}
    left = [value for value in variables.values() if ".example" in value or "/etc/" in value or "/run/" in value]
    assert left == []
    return variables


def acl_rules(*more: str, kind: str = "redis-7") -> list[str]:
    """Return the arguments of the ACL SETUSER on the page, with more rules; for Redis 6.2 those of its file."""
    if kind == "redis-6.2":
        return [*user_of(FILE_OF_6_2, "strategic-memory"), *more]
    (block,) = re.findall(r"```acl\n(.*?)```", PAGE, re.DOTALL)
    command, subcommand, *rules = block.split()
    assert (command, subcommand) == ("ACL", "SETUSER")
    return [*rules, *more]


def user_of(file: Path, name: str) -> list[str]:
    """Return the name and the rules of a user in a file of users."""
    (line,) = [line for line in file.read_text().splitlines() if line.startswith(f"user {name} ")]
    return line.split()[1:]
