"""What holds a connection or a thread works where it was made, and says so when it is taken elsewhere."""

from __future__ import annotations

from typing import NoReturn

from strategic_memory_producer.errors import TakenElsewhereError


class Rooted:
    """For writers: they cannot be pickled or copied."""

    def __getstate__(self) -> NoReturn:
        raise TakenElsewhereError(
            f"a {type(self).__name__} cannot be copied or sent to another process, since it holds a connection: "
            "make one where it is used, from its URL and settings"
        )
