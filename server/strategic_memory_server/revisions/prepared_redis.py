"""What an operator does to a Redis before a service may use it whose user may load no scripts."""

from __future__ import annotations

from dataclasses import dataclass

import redis.asyncio as redis
from redis.exceptions import ResponseError

from strategic_memory_server.redis_access.redis_script import LIBRARIES
from strategic_memory_server.redis_access.round_trip import Reply, packed, round_trip
from strategic_memory_server.revisions.log_scripts import SCRIPTS


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one Redis has been given.

    Attributes:
        as_functions: whether it keeps them on disk and on replicas; otherwise they are scripts, of a Redis before 7.
        new: names of the scripts that it did not have.
        others: functions of other versions that it has too.
    """

    as_functions: bool
    new: tuple[str, ...]
    others: tuple[str, ...] = ()


async def load_scripts(client: redis.Redis) -> Loaded:
    """Load every script that the service needs; those of other versions stay.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached, or the user may not do it.
    """
    (found,) = await round_trip(client, [packed("FUNCTION", "LIST", "LIBRARYNAME", f"{LIBRARIES}*")])
    if isinstance(found, ResponseError) and "unknown command" in str(found):
        return await _load_as_scripts(client)
    here = {_name_of(library) for library in _checked([found])[0]}
    # Also where it is there: nobody but who may load them can have changed what it says, and that is mended so.
    load = [packed("FUNCTION", "LOAD", "REPLACE", script.library) for script in SCRIPTS.values()]
    _checked(await round_trip(client, load))
    ours = {script.function: name for name, script in SCRIPTS.items()}
    new = tuple(name for function, name in ours.items() if function not in here)
    return Loaded(as_functions=True, new=new, others=tuple(sorted(here - set(ours))))


async def _load_as_scripts(client: redis.Redis) -> Loaded:
    asked = packed("SCRIPT", "EXISTS", *(script.digest for script in SCRIPTS.values()))
    here, *_ = _checked(await round_trip(client, [asked]))
    _checked(await round_trip(client, [packed("SCRIPT", "LOAD", script.text) for script in SCRIPTS.values()]))
    new = tuple(name for name, is_there in zip(SCRIPTS, here, strict=True) if not is_there)
    return Loaded(as_functions=False, new=new)


def _checked(replies: list[Reply]) -> list[Reply]:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


def _name_of(library: list[bytes]) -> str:
    return library[library.index(b"library_name") + 1].decode()
