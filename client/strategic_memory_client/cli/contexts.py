"""Named contexts: which service to ask and how, kept in a file of the user's, so that flags need not be repeated."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE_VARIABLE = "STRATEGIC_MEMORY_CONTEXTS"
CONTEXT_VARIABLE = "STRATEGIC_MEMORY_CONTEXT"

Flags = Mapping[str, object]


class ContextError(ValueError):
    """A context, or the file of them, that cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Contexts:
    """What the file holds.

    Attributes:
        used: name of the context that is used unless another is asked for; empty: none.
        flags: flags of each context, as they are called in `CONNECTION_FLAGS`, by its name.
        more: what a later version keeps beside them, by name.
    """

    used: str = ""
    flags: Mapping[str, Flags] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)

    def named(self, name: str) -> Flags:
        """Return the flags of a context.

        Raises:
            ContextError: there is none of that name.
        """
        if name not in self.flags:
            there = ", ".join(sorted(self.flags)) or "none yet"
            raise ContextError(f"there is no context {name!r} in {contexts_file()}: there are {there}")
        return self.flags[name]


def contexts_file() -> Path:
    """Return where contexts are kept.

    Raises:
        ContextError: the user has no home, as in a container.
    """
    if given := os.environ.get(FILE_VARIABLE):
        return Path(given)
    try:
        home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    except RuntimeError:
        raise ContextError(f"this user has no home to keep contexts in: name a file in {FILE_VARIABLE}") from None
    return Path(home) / "strategic-memory" / "contexts.json"


def read_contexts() -> Contexts:
    """Read the file; nothing where there is none, and no home for one.

    Raises:
        ContextError: it cannot be read.
    """
    try:
        path = contexts_file()
    except ContextError:
        return Contexts()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        used, flags = found.pop("used"), found.pop("contexts")
        if not isinstance(used, str) or not all(isinstance(each, dict) for each in flags.values()):
            raise TypeError
    except FileNotFoundError:
        return Contexts()
    except OSError as error:
        raise ContextError(f"{path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ContextError(f"{path} is no file of contexts: mend it, or delete it and add them again") from None
    return Contexts(used, flags, found)


def write_contexts(contexts: Contexts) -> None:
    """Write the file, as a whole or not at all; nobody else may read it.

    Raises:
        ContextError: it cannot be written.
    """
    path = contexts_file()
    text = json.dumps({"used": contexts.used, "contexts": dict(contexts.flags), **contexts.more}, indent=2)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.touch(mode=0o600)
        beside.write_text(f"{text}\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not beside.exists() and _holds(path, text):
            return  # over a network it is moved again where the answer was lost, and nothing is there to be moved then
        beside.unlink(missing_ok=True)
        raise ContextError(f"{path}: {error.strerror or error}") from None


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == f"{text}\n"
    except (OSError, ValueError):
        return False


def flags_in_use(name: str | None) -> Flags | None:
    """Return the flags of a context, or of the one in use where no name is given; None where none is in use.

    Raises:
        ContextError: there is no such context, or the file cannot be read.
    """
    contexts = read_contexts()
    if name is None and not contexts.used:
        return None
    # An empty name, as of a variable that is not set, is none of a context, and does not mean the one in use.
    return contexts.named(contexts.used if name is None else name)
