"""What happens in a soak: clients come and go, ask for much, and flood; operators renew files and restart Redis.

A further event is a function here and a line in `EVENTS`.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from abuse.floods import GRPC, HTTP
from chaos.deadline import NotInTimeError
from chaos.redis_faults import redis_frozen, redis_killed
from chaos.server_fleet import Server
from chaos.stage import Stage
from processes import REPOSITORY
from soak.guarded_server import GuardedFiles

from strategic_memory_client import (
    AccessDeniedError,
    AsyncStrategicMemoryClient,
    ClientOptions,
    InlineMemory,
    RegimeColumns,
    StrategicMemoryError,
)

FLOODERS = "127.0.0.2"
"""Those who flood come from another address than those whose history is recorded."""

_LOOK_S = 0.1
_FLOOD_S = 2.0
_LOWERED = 0.3
"""Less than any rule says."""
_OVERRIDDEN_S = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happens.

    Attributes:
        stage: servers, Redis, and everybody whose history is recorded.
        guarded: the server with TLS and an access file.
        files: what that one reads.
        scale: how much of the whole floods are.
        flooded: the server that is flooded.
    """

    stage: Stage
    guarded: Server
    files: GuardedFiles
    scale: float
    flooded: Server

    def clients(self) -> list[tuple[str, ClientOptions]]:
        """Return an address of a server and how to ask it, for each server."""
        plain = ClientOptions(timeout_s=5.0)
        found = [(each.address, plain) for each in self.stage.fleet.servers if each is not self.guarded]
        return [*found, (self.guarded.address, self.files.options)]


Event = Callable[[Place], Awaitable[None]]


async def clients_come_and_go(place: Place) -> None:
    """Many clients connect, follow, ask, and leave again, some without a word."""

    async def one(number: int, address: str, options: ClientOptions) -> None:
        client = AsyncStrategicMemoryClient(address, options=options)
        try:
            if number % 3:
                client.follow()
                await client.wait_for_newest()
            await client.get_feedback()
            if number % 2:
                async for _ in client.stream_feedback():
                    break
        except StrategicMemoryError:
            pass  # Redis may be on its way back, and a token about to be read
        finally:
            await client.aclose()

    each = max(round(30 * place.scale), 2)
    await asyncio.gather(*(one(number, *where) for where in place.clients() for number in range(each)))


async def analyses_asked_for(place: Place) -> None:
    """Every server works out analyses of many observations sent along, and of what is stored."""
    rows = max(round(100_000 * place.scale), 100)
    names = ["BULL", "BEAR", "RANGE"] * (rows // 3)
    sent = InlineMemory(regime_observations=RegimeColumns(regime=names, pnl=[0.1] * len(names)))

    async def one(address: str, options: ClientOptions) -> None:
        async with AsyncStrategicMemoryClient(address, options=options) as client:
            for memory in (sent, None, sent):
                try:
                    await client.analyze(memory, timeout_s=30.0)
                except StrategicMemoryError:
                    continue

    await asyncio.gather(*(one(*where) for where in place.clients()))


async def certificate_renewed(place: Place) -> None:
    """Another certificate is put in place of the one that is shown, and is shown from then on."""
    await asyncio.to_thread(place.files.renew_certificate)
    wanted = ssl.PEM_cert_to_DER_cert(place.files.certificate)

    def shown() -> bytes:
        host, _, port = place.guarded.address.rpartition(":")
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port)), timeout=5.0))

    while True:
        if await asyncio.to_thread(shown) == wanted:
            return
        await asyncio.sleep(_LOOK_S)


async def token_renewed(place: Place) -> None:
    """Another token is given out, and an old one taken back, which nobody gets in by from then on."""
    taken_back = place.files.renew_token()
    shown = ClientOptions(tls=place.files.options.tls, token=taken_back, timeout_s=5.0)
    async with AsyncStrategicMemoryClient(place.guarded.address, options=shown) as client:
        while True:
            try:
                await client.get_feedback()
            except AccessDeniedError:
                return
            await asyncio.sleep(_LOOK_S)


async def advice_overridden(place: Place) -> None:
    """An operator lowers the advice for a moment; every server says so, and that it is over."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(AsyncStrategicMemoryClient(address, options=options))
            for address, options in place.clients()
        ]
        operator = clients[-1].admin
        number = (await operator.get_state()).number
        await operator.set_override(
            leverage=_LOWERED, reason="a soak", end=timedelta(seconds=_OVERRIDDEN_S), replaces=number
        )
        for is_overridden in (True, False):
            for client in clients:
                leverage_hint = await _leverage_once(client, is_overridden=is_overridden)
                if is_overridden and leverage_hint > _LOWERED:
                    raise NotInTimeError(f"a leverage of {leverage_hint} was advised under an override")


async def _leverage_once(client: AsyncStrategicMemoryClient, *, is_overridden: bool) -> float:
    """Wait until a server says that an operator has a hand in its advice, or none; give what it advises then."""
    while True:
        said = await client.get_feedback()
        if said.is_overridden is is_overridden:
            return said.leverage_hint
        await asyncio.sleep(_LOOK_S)


def _flood(name: str) -> Event:
    async def flood(place: Place) -> None:
        """Flood a server from a process of its own."""
        server = place.flooded
        address = server.address if name in GRPC else server.process.http_address
        command = [sys.executable, "-m", "abuse", name, address, "--own-host", FLOODERS]
        command += ["--scale", f"{place.scale}", "--seconds", f"{_FLOOD_S * min(2 * place.scale, 1.0)}"]
        command += ["--tls"] if server is place.guarded else []
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "tests")},
        )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()

    return flood


async def _redis_restarted(place: Place) -> None:
    with place.stage.recorder.fault("redis killed"):
        await redis_killed(place.stage)
        await place.stage.progress()


async def _redis_stopped(place: Place) -> None:
    with place.stage.recorder.fault("redis frozen"):
        await redis_frozen(place.stage)
        await place.stage.progress()


EVENTS: Mapping[str, Event] = {
    "clients come and go": clients_come_and_go,
    "analyses": analyses_asked_for,
    "certificate renewed": certificate_renewed,
    "token renewed": token_renewed,
    "advice overridden": advice_overridden,
    "Redis restarted": _redis_restarted,
    "Redis frozen": _redis_stopped,
    **{name: _flood(name) for name in (*GRPC, *HTTP)},
}
"""Each is played once in a round."""
