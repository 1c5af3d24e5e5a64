"""RedisScript: a script that Redis runs as one atomic step, with keys and arguments by name.

Redis has it as a function, where `prepare-redis` has loaded it there (Redis 7 and Valkey, which keep functions on disk
and on replicas), or by its digest among the scripts, which a user who may can load, and which Redis forgets. Both are
named by what they say, so those of several versions are there side by side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import redis.asyncio as redis
from redis.exceptions import NoPermissionError, NoScriptError, ResponseError

from strategic_memory_server.redis_access.round_trip import Reply, nothing, packed, round_trip
from strategic_memory_server.redis_access.shared_trips import SharedTrips

Argument = str | int | bytes

LIBRARIES = "strategic_memory_"
"""What the names of this service's libraries of functions begin with."""


class ScriptMissingError(ResponseError):
    """Redis has not got a script, and the user may not load it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Redis has not got the script {name!r} of this version, and the user of REDIS_URL may not load it: run "
            "`strategic-memory-server prepare-redis` as a user who may. See docs/redis.md, User and password"
        )


@dataclass(frozen=True, slots=True)
class ScriptText:
    """A script in Lua, and what it calls its keys and arguments.

    Attributes:
        body: the script; it finds them in the tables `keys` and `args`, and further arguments in the list `rest`.
        keys: names of the keys, in the order in which Redis gets them.
        arguments: names of the arguments, likewise.
        takes_rest: whether further arguments may follow.
        name: what it is called.
        runs_when_full: whether it may write as a function while Redis is full; what it writes must be bounded.
    """

    body: str
    keys: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    takes_rest: bool = False
    name: str = "script"
    runs_when_full: bool = False

    @property
    def text(self) -> str:
        """The whole script: the names, then the body."""
        lines = [_table("keys", "KEYS", self.keys), _table("args", "ARGV", self.arguments)]
        if self.takes_rest:
            lines.append(
                f"local rest = {{}}\nfor at = {len(self.arguments) + 1}, #ARGV do rest[#rest + 1] = ARGV[at] end"
            )
        return "\n".join([*lines, self.body])

    @property
    def digest(self) -> str:
        """How Redis names the script."""
        return _digest(self.text)

    @property
    def function(self) -> str:
        """How its function is named, and the library that holds nothing else."""
        return f"{LIBRARIES}{self.name}_{_digest(self._callback)[:16]}"

    @property
    def library(self) -> str:
        """The text of that library."""
        name = self.function
        return f"#!lua name={name}\nredis.register_function{{function_name='{name}', {self._callback}}}"

    @property
    def _callback(self) -> str:
        flags = "'allow-oom'" if self.runs_when_full else ""
        return f"flags={{{flags}}}, callback=function(KEYS, ARGV)\n{self.text}\nend"


def _digest(text: str) -> str:
    # How Redis names scripts, no matter of security.
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _table(name: str, given: str, names: Sequence[str]) -> str:
    return f"local {name} = {{{', '.join(f'{each} = {given}[{at}]' for at, each in enumerate(names, 1))}}}"


class RedisScript:
    """A script; Redis learns it when it is first called and has no function, and again when it has forgotten it.

    Args:
        client: the Redis client.
        script: its text and names.
        trips: take its calls along with those of others; None: each goes at once.
    """

    def __init__(self, client: redis.Redis, script: ScriptText, trips: SharedTrips | None = None) -> None:
        self._client = client
        self._trips = trips
        self._script = script
        self._as_function = "FCALL", script.function
        self._as_script = "EVALSHA", script.digest
        self._way = self._as_function

    async def __call__(
        self,
        keys: Mapping[str, str],
        args: Mapping[str, Argument],
        rest: Sequence[Argument] = (),
        meanwhile: Callable[[], None] = nothing,
    ) -> Reply:
        """Run it.

        Args:
            keys: its keys, by name.
            args: its arguments, by name.
            rest: further ones.
            meanwhile: is called while Redis runs it, unless it is taken along; it must not fail.

        Raises:
            TypeError: it has other keys or arguments than these.
            ScriptMissingError: Redis has not got it, and the user may not load it.
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused; whether it ran is not known.
        """
        script = self._script
        if keys.keys() != set(script.keys) or args.keys() != set(script.arguments) or (rest and not script.takes_rest):
            raise TypeError(f"the script takes the keys {script.keys} and the arguments {script.arguments}")
        given = [*(keys[name] for name in script.keys), *(args[name] for name in script.arguments), *rest]
        way = self._way
        call = packed(*way, len(keys), *given)
        if self._trips is None:
            (reply,) = await round_trip(self._client, [call], meanwhile=meanwhile)
        else:
            reply = await self._trips.ask(call)
        if _is_not_there(reply):
            reply = await self._otherwise(way, [len(keys), *given], reply)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def _otherwise(self, way: tuple[str, str], given: Sequence[Argument], refused: Reply) -> Reply:
        """Call it in the other way than the one that was refused, and load it where it is nowhere.

        Another call may have found a way meanwhile, so what was refused is told.
        """
        by_digest = packed(*self._as_script, *given)
        as_function = as_script = refused
        if way is self._as_script:
            (as_function,) = await round_trip(self._client, [packed(*self._as_function, *given)])
            if not _is_not_there(as_function):
                self._way = self._as_function
                return as_function
        else:
            (as_script,) = await round_trip(self._client, [by_digest])
            if not _is_not_there(as_script):
                self._way = self._as_script
                return as_script
        if isinstance(as_script, NoScriptError):
            load = packed("SCRIPT", "LOAD", self._script.text)
            loaded, reply = await round_trip(self._client, [load, by_digest])
            if not isinstance(loaded, NoPermissionError):
                self._way = self._as_script
                return loaded if isinstance(loaded, Exception) else reply
        elif not _says(as_function, _NO_FUNCTION):
            # Neither way is permitted.
            return as_function if isinstance(as_function, NoPermissionError) else as_script
        return ScriptMissingError(self._script.name)


_NO_FUNCTION = "Function not found"


def _is_not_there(reply: Reply) -> bool:
    """Tell whether a script cannot be called in a way, as it is not there or that command may not be used."""
    if isinstance(reply, NoPermissionError):
        return _says(reply, "permissions to run the '")
    return isinstance(reply, NoScriptError) or _says(reply, _NO_FUNCTION) or _says(reply, "unknown command")


def _says(reply: Reply, words: str) -> bool:
    return isinstance(reply, ResponseError) and words in str(reply)
