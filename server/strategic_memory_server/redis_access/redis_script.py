"""RedisScript: a script that Redis runs as one atomic step, called by its digest, with keys and arguments by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import redis.asyncio as redis
from redis.exceptions import NoScriptError

from strategic_memory_server.redis_access.round_trip import Reply, packed, round_trip

Argument = str | int | bytes


@dataclass(frozen=True, slots=True)
class ScriptText:
    """A script in Lua, and what it calls its keys and arguments.

    Attributes:
        body: the script; it finds them in the tables `keys` and `args`, and further arguments in the list `rest`.
        keys: names of the keys, in the order in which Redis gets them.
        arguments: names of the arguments, likewise.
        takes_rest: whether further arguments may follow.
    """

    body: str
    keys: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    takes_rest: bool = False

    @property
    def text(self) -> str:
        """The whole script: the names, then the body."""
        lines = [_table("keys", "KEYS", self.keys), _table("args", "ARGV", self.arguments)]
        if self.takes_rest:
            lines.append(
                f"local rest = {{}}\nfor at = {len(self.arguments) + 1}, #ARGV do rest[#rest + 1] = ARGV[at] end"
            )
        return "\n".join([*lines, self.body])


def _table(name: str, given: str, names: Sequence[str]) -> str:
    return f"local {name} = {{{', '.join(f'{each} = {given}[{at}]' for at, each in enumerate(names, 1))}}}"


class RedisScript:
    """A script; Redis learns it when it is first called, and again when it has forgotten it.

    Args:
        client: the Redis client.
        script: its text and names.
    """

    def __init__(self, client: redis.Redis, script: ScriptText) -> None:
        self._client = client
        self._script = script
        self._load = packed("SCRIPT", "LOAD", script.text)
        # How Redis names scripts, no matter of security.
        self._digest = hashlib.sha1(script.text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(
        self, keys: Mapping[str, str], args: Mapping[str, Argument], rest: Sequence[Argument] = ()
    ) -> Reply:
        """Run it.

        Args:
            keys: its keys, by name.
            args: its arguments, by name.
            rest: further ones.

        Raises:
            TypeError: it has other keys or arguments than these.
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused; whether it ran is not known.
        """
        script = self._script
        if keys.keys() != set(script.keys) or args.keys() != set(script.arguments) or (rest and not script.takes_rest):
            raise TypeError(f"the script takes the keys {script.keys} and the arguments {script.arguments}")
        given = [*(keys[name] for name in script.keys), *(args[name] for name in script.arguments), *rest]
        call = packed("EVALSHA", self._digest, len(keys), *given)
        (reply,) = await round_trip(self._client, [call])
        if isinstance(reply, NoScriptError):
            loaded, reply = await round_trip(self._client, [self._load, call])
            if isinstance(loaded, Exception):
                raise loaded
        if isinstance(reply, Exception):
            raise reply
        return reply
