"""The name of this server among those that share a Redis."""

from __future__ import annotations

import os
import secrets
import socket


def server_name() -> str:
    """Return a name by which an operator finds this server, and that no other process has."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
