"""FairTurns: lets work that comes in masses go on in small portions, so that everything else is served in between."""

from __future__ import annotations

import asyncio
from collections import deque

TURNS_AT_ONCE = 32
LONGEST_TURN_S = 0.02


class FairTurns:
    """Gives a bounded number of turns at once, first come, first served.

    Turns that last are no longer counted once others wait: who stalls during one keeps nobody waiting for long.

    Args:
        turns_at_once: how many.
        longest_turn_s: longest wait for turns that last, seconds.
    """

    def __init__(self, turns_at_once: int = TURNS_AT_ONCE, longest_turn_s: float = LONGEST_TURN_S) -> None:
        self._free = self._turns_at_once = turns_at_once
        self._longest_turn_s = longest_turn_s
        self._round = 0
        self._waiting: deque[asyncio.Future[int]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> int:
        """Wait for a turn; give what to hand to `give_back`."""
        if self._free:
            self._free -= 1
            return self._round
        mine: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        self._watch()
        try:
            return await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.give_back(mine.result())
            raise

    def give_back(self, turn: int) -> None:
        """End a turn; nothing happens where it is no longer counted."""
        if turn == self._round:
            self._free += 1
            self._hand_out()

    def _watch(self) -> None:
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._longest_turn_s, self._next_round)

    def _next_round(self) -> None:
        self._timer = None
        if self._waiting:
            self._round += 1
            self._free = self._turns_at_once
            self._hand_out()
            self._watch()

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            theirs = self._waiting.popleft()
            if not theirs.done():
                self._free -= 1
                theirs.set_result(self._round)


class Place:
    """One who takes turns, no more than one at a time."""

    __slots__ = ("_turn", "_turns")

    def __init__(self, turns: FairTurns) -> None:
        self._turns = turns
        self._turn: int | None = None

    async def next_turn(self) -> None:
        """End the turn in hand and wait for another one."""
        self.end_turn()
        self._turn = await self._turns.take()

    def end_turn(self) -> None:
        """End the turn in hand, if there is one."""
        if self._turn is not None:
            turn, self._turn = self._turn, None
            self._turns.give_back(turn)
