"""What counts as a line of code."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from scripts.lines import Lines, lines_of

PYTHON = '''"""Of a module.

More of it.
"""

# Why.
import x  # and why not

class A:
    """Of a class."""

    b = """No

    docstring."""

    def c(self):
        "Of a function."
        return (
            1,
        )
'''


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.py", PYTHON, Lines(9, 6, 5)),
        ("a.lua", "-- why\n\nreturn 1 -- this\n", Lines(1, 1, 1)),
        ("a.proto", "// what\nmessage A {\n}\n", Lines(2, 1, 0)),
        ("a.py", "", Lines()),
    ],
)
def test_a_line_of_code_bears_something_else_than_a_comment(name: str, text: str, expected: Lines) -> None:
    assert lines_of(PurePosixPath(name), text) == expected
