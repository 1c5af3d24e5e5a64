"""JointReading: what several parts of the loop ask of Redis while nothing has come, in one round trip."""

from __future__ import annotations

import time

from strategic_memory_server.inputs.memory_loader import VALUES_S, MemoryLoader
from strategic_memory_server.inputs.resting_streams import AskedAhead
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.redis_access.shared_trips import Ask
from strategic_memory_server.revisions.interventions import Interventions


class JointReading:
    """Asks for them.

    Args:
        loader: knows the caps on leverage, and whether its streams are what they were.
        interventions: knows what operators say.
        long_memory: knows what Redis should hold of it.
        ask: sends commands.
    """

    def __init__(self, loader: MemoryLoader, interventions: Interventions, long_memory: LongMemory, ask: Ask) -> None:
        self._loader = loader
        self._interventions = interventions
        self._long_memory = long_memory
        self._ask = ask

    async def bounds_have_changed(self, looks_s: float) -> bool:
        """Tell whether the caps on leverage, or what operators say, are others than those that are acted upon.

        Args:
            looks_s: time between two looks, seconds: whether what else is read, values and whether Redis holds the long
                memory, is new enough for a sync.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached.
        """
        asked_s = time.monotonic()
        are_rare = looks_s > VALUES_S
        caps, said = self._loader.ask_caps(alone=are_rare), self._interventions.ask()
        held = [] if are_rare else self._long_memory.ask()
        replies = await self._ask([*caps, *said, *held])
        caps_have_changed = self._loader.caps_have_changed(replies[: len(caps)], asked_s)
        if self._interventions.take(replies[len(caps) :]) or caps_have_changed:
            return True
        self._long_memory.take(replies[len(caps) + len(said) :])
        return False

    async def read_ahead(self) -> AskedAhead | None:
        """Ask for what a sync reads that has nothing new: where that is so, none of them asks again.

        Returns:
            What is for the loader; None: it reads its streams in any case.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        said, held, ahead = self._interventions.ask(), self._long_memory.ask(), self._loader.ask_ahead()
        replies = await self._ask([*said, *held, *(ahead.commands if ahead else ())])
        self._interventions.take(replies)
        self._long_memory.take(replies[len(said) :][: len(held)])
        if ahead is not None:
            ahead.replies = replies[len(said) + len(held) :]
        return ahead
