"""What it means when Redis refuses to add an entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from redis.exceptions import MasterDownError, ReadOnlyError

_PASSING = {
    "LOADING": "Redis reads its data after a start",
    "READONLY": "this Redis is a replica; after a failover the address of the new primary is needed",
    "MASTERDOWN": "the primary of this Redis is away",
    "CLUSTERDOWN": "the cluster is not whole",
    "TRYAGAIN": "the cluster moves this key",
    "NOREPLICAS": "Redis has too few replicas to write",
    "BUSY": "a script holds Redis up",
}
"""What passes by itself."""

_PASSING_OF_PROXIES = {"no upstream host": "the proxy before Redis has no Redis to send it on to"}
"""What a proxy (Envoy) says that has sent nothing on, as a whole."""

_LASTING = {
    "OOM": "Redis is full: raise its maxmemory, or give the streams a smaller `maxlen`",
    "NOPERM": "the user of this connection needs the permissions +xadd and ~<prefix>:stream:*",
    "NOAUTH": "Redis asks for a password: put it into the URL, redis://user:password@host:port/0",
    "WRONGTYPE": "the key is no stream, another program uses it: choose another `prefix`, the service's too",
    "MISCONF": "Redis cannot save to its disk: its log says why",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry was not added, whether waiting may help, and whether it is Redis itself that says so.

    Of what has one `kind` the sentences may differ; there are few kinds.
    """

    sentence: str
    passes: bool
    is_of_redis: bool = True
    kind: str = ""


def are_of_a_replica(answers: Iterable[object]) -> bool:
    """Tell whether a replica gave these: its address may lead to the primary by now, a connection to it does not."""
    return any(isinstance(answer, ReadOnlyError | MasterDownError) for answer in answers)


def meaning_of(error: Exception) -> Refusal:
    """Return what an error means that Redis answered."""
    # redis-py takes the code off the text of some errors, and leaves it to others.
    said = error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
    code = getattr(error, "status_code", None) or said.split(" ", 1)[0]
    if said in _PASSING_OF_PROXIES:
        return Refusal(f"{_PASSING_OF_PROXIES[said]} ({said})", passes=True, kind=said)
    for meanings, passes in ((_PASSING, True), (_LASTING, False)):
        if code in meanings:
            return Refusal(f"{meanings[code]} ({said})", passes, kind=code)
    # Redis begins each with a code. A proxy before it, Envoy for one, does not know what became of what it has sent on.
    return Refusal(said, passes=False, is_of_redis=code.isascii() and code.isupper())
