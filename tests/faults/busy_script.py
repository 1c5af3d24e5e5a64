"""A script without an end in Redis: everything else is refused meanwhile, reads too."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from processes import eventually
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

_FOR_EVER = "while true do end"
_SHORTEST_MS = 1
_USUAL_MS = 5_000
_WITHIN_S = 30.0


@contextmanager
def busy_script(client: Redis) -> Iterator[None]:
    """Run a script until the context is closed; it is killed then. Entering and leaving block."""
    client.config_set("lua-time-limit", _SHORTEST_MS)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_run, client)
        try:
            eventually(lambda: _refuses(client), _WITHIN_S, what="Redis is busy")
            yield
        finally:
            eventually(lambda: _killed(client, running), _WITHIN_S, what="the script is killed")
    running.result()
    client.config_set("lua-time-limit", _USUAL_MS)


def _run(client: Redis) -> None:
    with _as_patient(client) as patient:
        try:
            patient.eval(_FOR_EVER, 0)
        except ResponseError as error:
            if "killed" not in str(error).lower():
                raise


def _as_patient(client: Redis) -> Redis:
    """Return a client of the same Redis that waits for an answer for ever.

    Others give up after 5 s, and ask again: they are told that Redis is busy, with the script that they have begun.
    """
    known = client.get_connection_kwargs()
    where = {name: known[name] for name in ("host", "port", "username", "password") if name in known}
    return Redis(**where, socket_timeout=None, retry=Retry(NoBackoff(), 0))


def _refuses(client: Redis) -> bool:
    try:
        client.ping()
    except ResponseError as error:
        return str(error).startswith("BUSY")
    return False


def _killed(client: Redis, running: Future[None]) -> bool:
    if not running.done():
        try:
            client.script_kill()
        except ResponseError as error:
            if not str(error).startswith("NOTBUSY"):
                raise
    return running.done()
