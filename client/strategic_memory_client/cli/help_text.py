"""Help of a command: paragraphs that the terminal may wrap, and examples that it must not."""

from __future__ import annotations

import inspect
from collections.abc import Callable


def help_text(command: Callable[..., object], *examples: str) -> str:
    """Return the help: the docstring of `command`, then the examples line by line."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    flowing = [" ".join(paragraph.split()) for paragraph in paragraphs]
    as_it_stands = "\b\n" + "\n".join(["Examples:", *(f"  {example}" for example in examples)])
    return "\n\n".join([*flowing, as_it_stands])
