"""Keeps gRPC's notes about lost connections out of the output of the tests, which break connections on purpose."""

from __future__ import annotations

import importlib
import os
import sys

_VARIABLE = "GRPC_VERBOSITY"


def import_grpc_quietly() -> None:
    """Import gRPC so that this process writes no such notes, unless the environment asks for some.

    It reads its verbosity when it is imported first. Processes that tests start do not inherit it: what those write is
    looked at.
    """
    if _VARIABLE in os.environ or "grpc" in sys.modules:
        return
    os.environ[_VARIABLE] = "NONE"
    importlib.import_module("grpc")
    del os.environ[_VARIABLE]
