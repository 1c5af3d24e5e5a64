"""What holds connections, threads or an event loop works where it was made, and says so when it is taken elsewhere."""

from __future__ import annotations

from typing import NoReturn

from strategic_memory_client.values.errors import SharedClientError


class Rooted:
    """For clients and their streams: they cannot be pickled or copied."""

    __slots__ = ()

    def __getstate__(self) -> NoReturn:
        raise SharedClientError(
            f"a {type(self).__name__} cannot be copied or sent to another process, since it holds connections: "
            "make a client where it is used, from its address and options"
        )
