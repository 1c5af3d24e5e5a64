"""What serves CPython 3.11 alone bears the month in which it goes: that of the end of that Python."""

from __future__ import annotations

from processes import REPOSITORY

NAMED, DATED = "CPython 3.11", "Goes 2027-10"
FOLDERS = ("server", "client", "producer", "demo", "protos", "tests")
LINES_OF_A_REMARK = 4
EXCEPT = ("tests/packaging/test_find_python.py", "tests/test_goes_with_python.py")
"""The Python that is looked for may be any from there on."""


def test_what_serves_it_alone_says_when_it_goes() -> None:
    undated = []
    for path in (path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*.py"))):
        lines = path.read_text().splitlines()
        for at, line in enumerate(lines):
            if NAMED in line and DATED not in " ".join(lines[max(at - 1, 0) : at + LINES_OF_A_REMARK]):
                undated.append(f"{path.relative_to(REPOSITORY)}:{at + 1}")
    assert [place for place in undated if not place.startswith(EXCEPT)] == []
