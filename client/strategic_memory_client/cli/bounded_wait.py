"""What comes from a stream, with a bound on each wait: whoever acts on what came last is not left alone with it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


def within(items: Iterator[_Item], wait_s: Callable[[], float | None]) -> Iterator[_Item | None]:
    """Yield what comes, and None whenever nothing came for so many seconds (`wait_s` None: however long it takes).

    A thread reads one ahead. Raises what the items raise.
    """
    come: queue.Queue[_Item | _End] = queue.Queue(maxsize=1)

    def read() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                come.put(item)
        except BaseException as failure:  # noqa: BLE001 - it is raised where the items are taken
            error = failure
        come.put(_End(error))

    threading.Thread(target=read, name="watch", daemon=True).start()
    while True:
        try:
            found = come.get(timeout=wait_s())
        except queue.Empty:
            yield None
            continue
        if isinstance(found, _End):
            if found.error is not None:
                raise found.error
            return
        yield found
