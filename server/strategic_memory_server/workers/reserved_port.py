"""ReservedPort: a port that is kept for several processes, which listen on it together.

Linux spreads connections over the processes that listen on a port with SO_REUSEPORT. With it a second service could
join them unnoticed, and take a part of the calls; so the port is bound without it first, which fails as it does for
one process, and is opened to the processes of the same user only then.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from strategic_memory_server.faults.errors import ListenError

DRAWS = 20
"""A free port is drawn so often, where another address of the host has what is free on the first."""


@contextmanager
def reserved(address: str, setting: str) -> Iterator[str]:
    """Keep a port, without listening, until the context is left; yield the address with the port that was found.

    Args:
        address: host:port; port 0 takes a free one.
        setting: the variable that holds it.

    Raises:
        ListenError: it is in use, not of this machine, or not permitted.
    """
    host, _, port = address.rpartition(":")
    with ExitStack() as stack:
        try:
            number = _reserve(stack, host.strip("[]"), int(port))
        except OSError as error:
            raise ListenError(setting, address, error.strerror or str(error)) from error
        except UnicodeError:
            raise ListenError(setting, address, "this can be the name of no host") from None
        yield f"{host}:{number}"


def _reserve(stack: ExitStack, host: str, port: int) -> int:
    """Bind a port, or draw one that is free on every address of the host."""
    for _ in range(0 if port else DRAWS - 1):
        with ExitStack() as drawn:
            try:
                number = _bind(drawn, host, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            stack.push(drawn.pop_all())
            return number
    return _bind(stack, host, port)


def _bind(stack: ExitStack, host: str, port: int) -> int:
    """Bind every address of a host; one that this machine does not have is left out where it has another."""
    absent: OSError | None = None
    bound = False
    # A file of hosts may give a name the same address in two lines, and it is found twice then.
    found = dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE))
    for family, kind, protocol, _, place in found:
        one = stack.enter_context(socket.socket(family, kind, protocol))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((place[0], port, *place[2:]))
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            absent = error
            continue
        # Nobody else may bind it from here on but who asks for SO_REUSEPORT and is of the same user.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        port, bound = one.getsockname()[1], True
    if not bound:
        raise absent or OSError(errno.EADDRNOTAVAIL, "the host has no address")
    return port
