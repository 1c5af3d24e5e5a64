"""The time of day of a process, moved by libfaketime while it runs; its other clocks go on."""

from __future__ import annotations

from pathlib import Path

_PLACES = ("/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime")


def find_libfaketime() -> Path | None:
    """Return the library; None where it is not installed."""
    return next((found for place in _PLACES if (found := Path(place) / "libfaketime.so.1").exists()), None)


class MovedTime:
    """The time of day of the processes that are started with `environment`.

    Args:
        file: says by how much it is moved; written at once.
        seconds: by how much, at first.
    """

    def __init__(self, file: Path, seconds: int = 0) -> None:
        self._file = file
        self.move(seconds)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a process whose time this is. There must be a library."""
        library = find_libfaketime()
        assert library is not None, "libfaketime is not installed"
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def move(self, seconds: int) -> None:
        """Let it be so far ahead of the machine's; negative: behind."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{seconds:+d}\n")
        written.replace(self._file)
