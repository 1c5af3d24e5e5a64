"""The scripts that change the log, each one atomic step in Redis, with the names of their keys and arguments.

Each says in a header what its keys and arguments are called. That is read when this module is imported, and held
against the text: with a name that is used and not declared, or declared and not used, the program does not start.
"""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import resources

import redis.asyncio as redis

from strategic_memory_server.redis_access.redis_script import RedisScript, ScriptText
from strategic_memory_server.redis_access.shared_trips import SharedTrips

_FOLDER = resources.files("strategic_memory_server.revisions") / "scripts"
_DECLARED = re.compile(r"^-- (keys|arguments|note): (.+)$", re.MULTILINE)
_USED = re.compile(r"\b(keys|args|note)\.(\w+)")
_BY_NUMBER = re.compile(r"\b(?:KEYS|ARGV)\b")

_WITH_NOTE = "-- with the note of the long memory"
_WITH_REST = "-- with any number of "
_WHEN_FULL = "-- as a function it runs while Redis is full, too"

NAMES = ("open", "publish", "confirm", "remember", "lapse", "lease", "release", "settings", "dry_run", "intervene")


def script_text(text: str, prelude: str) -> ScriptText:
    """Read the header of a script.

    Args:
        text: the script.
        prelude: what goes before it, with what the note of the long memory is called.

    Raises:
        ValueError: header and text do not agree.
    """
    keys, arguments = _declared(text, "keys"), _declared(text, "arguments")
    used = set(_USED.findall(text))
    if _WITH_NOTE in text:
        note = _declared(prelude, "note")
        if wrong := {name for kind, name in _USED.findall(prelude) if kind == "note"} ^ set(note):
            raise ValueError(f"the note of the long memory: {sorted(wrong)} are declared or used, and not both")
        used |= {(kind, name) for kind, name in _USED.findall(prelude) if kind == "keys"}
        used |= {("args", name) for name in note}
        arguments += note
    declared = {("keys", name) for name in keys} | {("args", name) for name in arguments}
    if len(declared) < len(keys) + len(arguments):
        raise ValueError("a name is declared twice")
    if odd := sorted(".".join(each) for each in declared ^ used):
        raise ValueError(f"{', '.join(odd)}: declared or used, and not both")
    if _BY_NUMBER.search(text + prelude):
        raise ValueError("keys and arguments are called by their names")
    takes_rest = _WITH_NOTE in text or _WITH_REST in text
    return ScriptText(prelude + text, keys, arguments, takes_rest=takes_rest, runs_when_full=_WHEN_FULL in text)


def _declared(text: str, kind: str) -> tuple[str, ...]:
    return tuple(name for found, names in _DECLARED.findall(text) if found == kind for name in names.split())


def _read(name: str) -> ScriptText:
    try:
        text = script_text((_FOLDER / f"{name}.lua").read_text(), (_FOLDER / "prelude.lua").read_text())
        return replace(text, name=name)
    except ValueError as error:
        raise ValueError(f"{name}.lua: {error}") from None


SCRIPTS = {name: _read(name) for name in NAMES}
"""All of them, by name."""


def register_script(client: redis.Redis, name: str, trips: SharedTrips | None = None) -> RedisScript:
    """Make a script of `scripts/` callable; `trips` take its calls along with those of others."""
    return RedisScript(client, SCRIPTS[name], trips)
