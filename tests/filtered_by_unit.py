"""Runs a program under the filter of system calls of a systemd unit, as systemd would: UNIT PROGRAM ARGUMENTS..."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

LIBRARY = "libseccomp.so.2"
_KILL, _REFUSE, _ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000
_EPERM = 1


def expanded(name: str) -> set[str]:
    """Return the calls of a set, as systemd knows it; a call is itself."""
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True
    ).stdout
    words = (line.strip() for line in told.splitlines()[1:])
    return {call for word in words if word and not word.startswith("#") for call in expanded(word)}


def main(unit: str, *program: str) -> None:
    """Permit this process what the unit does, and become the program."""
    allowed, otherwise = expanded("@default"), _KILL
    for line in Path(unit).read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "SystemCallFilter":
            named = {call for word in value.lstrip("~").split() for call in expanded(word)}
            allowed = allowed - named if value.startswith("~") else allowed | named
        elif key == "SystemCallErrorNumber":
            assert value == "EPERM"
            otherwise = _REFUSE | _EPERM
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(otherwise)))
    for call in allowed:
        if (number := library.seccomp_syscall_resolve_name(call.encode())) >= 0:
            library.seccomp_rule_add(context, ctypes.c_uint32(_ALLOW), number, 0)
    assert library.seccomp_load(context) == 0
    os.execv(program[0], program)  # noqa: S606  the filter is on this process, and stays on what it becomes


if __name__ == "__main__":
    main(*sys.argv[1:])
