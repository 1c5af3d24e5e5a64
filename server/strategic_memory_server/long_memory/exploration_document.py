"""What is being tried as the long memory keeps it: one JSON document that says of which version it is.

    {"version": 1, "trials": {"BULL": {"policy": "BALANCED", "since": 40}}}

It has a field of its own. Servers from before it keep the trials alone, `{"BULL": ...}`, in another: they are taken up
where there is no document yet, and left there, so that each goes on with its own trials where both are at work.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from strategic_memory_server.evidence.exploration import NOTHING_TRIED, Exploration, Trial
from strategic_memory_server.memory.policy import Policy

VERSION = 1

logger = structlog.get_logger(__name__)


class _Trial(BaseModel):
    model_config = ConfigDict(strict=True)

    policy: Literal["CONSERVATIVE", "BALANCED", "AGGRESSIVE"]
    since: Annotated[int, Field(ge=0)]


class _Document(BaseModel):
    version: Literal[1]
    trials: dict[str, _Trial]


class _AnyVersion(BaseModel):
    version: Annotated[int, Field(strict=True)]


_TRIALS = TypeAdapter(dict[str, _Trial])


def exploration_text(exploration: Exploration) -> bytes:
    """Return what is being tried as Redis holds it; empty: nothing is."""
    if exploration.later:
        return exploration.later
    if not exploration.trials:
        return b""
    trials = {
        regime: {"policy": trial.policy.name, "since": trial.since}
        for regime, trial in sorted(exploration.trials.items())
    }
    return to_json({"version": VERSION, "trials": trials})


def read_exploration(text: bytes) -> Exploration:
    """Read a document, or the trials alone; one of a later version stands as it is, and nothing is tried meanwhile.

    Nothing is tried either where it is something else. Both are logged.
    """
    if not text:
        return NOTHING_TRIED
    try:
        version = _version_of(text)
        if version is not None and version > VERSION:
            logger.warning("What is being tried is of a later version: it is left as it is", version=version)
            return Exploration(later=text)
        trials = _TRIALS.validate_json(text) if version is None else _Document.model_validate_json(text).trials
    except ValidationError as error:
        logger.warning("What was being tried cannot be read; exploring starts afresh", error=_first_of(error))
        return NOTHING_TRIED
    return Exploration({regime: Trial(Policy[trial.policy], trial.since) for regime, trial in trials.items()})


def _version_of(text: bytes) -> int | None:
    """Return which version a document says it has; None: it is none, since it says nothing of it."""
    try:
        return _AnyVersion.model_validate_json(text).version
    except ValidationError:
        return None


def _first_of(error: ValidationError) -> str:
    first: Any = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
