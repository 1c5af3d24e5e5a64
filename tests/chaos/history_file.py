"""Histories as files, so that the check of a run can be repeated: JSON, compressed, each feedback written once."""

from __future__ import annotations

import enum
import gzip
import json
from dataclasses import fields, is_dataclass
from pathlib import Path

from history import model
from history.model import Feedback, History

HISTORY_FILE = "history.json.gz"
"""Name of the file in the folder of a run."""

_TYPE = "type"
_SAME = "same"


def write_history(history: History, path: Path) -> None:
    """Write a history."""
    text = json.dumps(_encoded(history, {}))
    path.write_bytes(gzip.compress(text.encode(), compresslevel=5))


def read_history(path: Path) -> History:
    """Read a history.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a history.
    """
    try:
        history = _decoded(json.loads(gzip.decompress(path.read_bytes())), [])
    except (KeyError, TypeError, AttributeError, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is not a recorded history: {error!r}") from error
    if not isinstance(history, History):
        raise ValueError(f"{path} holds {type(history).__name__} and not a recorded history")
    return history


def _encoded(value: object, known: dict[Feedback, int]) -> object:
    if isinstance(value, Feedback):
        if value in known:
            return {_SAME: known[value]}
        known[value] = len(known)
    if isinstance(value, enum.Enum):
        return {_TYPE: type(value).__name__, "name": value.name}
    if is_dataclass(value):
        inner = {field.name: _encoded(getattr(value, field.name), known) for field in fields(value)}
        return {_TYPE: type(value).__name__, **inner}
    if isinstance(value, tuple):
        return [_encoded(each, known) for each in value]
    return value


def _decoded(value: object, known: list[Feedback]) -> object:
    if isinstance(value, list):
        return tuple(_decoded(each, known) for each in value)
    if not isinstance(value, dict):
        return value
    if _SAME in value:
        return known[value[_SAME]]
    made = getattr(model, value.pop(_TYPE))
    if issubclass(made, enum.Enum):
        return made[value["name"]]
    decoded = made(**{name: _decoded(each, known) for name, each in value.items()})
    if made is Feedback:
        known.append(decoded)
    return decoded
