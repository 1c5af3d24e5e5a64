"""What a server with TLS and an access file reads, and how an operator renews both under its clients."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from certificates import Authority
from chaos.client_recorders import OPTIONS

from strategic_memory_client import ClientOptions, TlsOptions
from strategic_memory_server.identity.access_file import digest_of, new_token

_NAME = "soak"


class GuardedFiles:
    """The files of one server and of its clients.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = Authority(folder, "authority")
        self._made = 0
        self._tokens = [new_token()]
        self.renew_certificate()
        self.renew_token()

    @property
    def settings(self) -> dict[str, str]:
        """Environment of the server."""
        return {
            "STRATEGIC_MEMORY_TLS_CERT": str(self._folder / "tls.crt"),
            "STRATEGIC_MEMORY_TLS_KEY": str(self._folder / "tls.key"),
            "STRATEGIC_MEMORY_ACCESS_FILE": str(self._folder / "access"),
        }

    @property
    def options(self) -> ClientOptions:
        """Options of its clients."""
        return replace(
            OPTIONS, tls=TlsOptions(self._authority.own.chain), token_file=self._folder / "token", timeout_s=5.0
        )

    @property
    def certificate(self) -> str:
        """What the server is to show, PEM."""
        return (self._folder / "tls.crt").read_text()

    def renew_certificate(self) -> None:
        """Put another pair in place of the one that is there."""
        self._made += 1
        made = self._authority.certificate(f"server-{self._made}")
        for source, name in ((made.key, "tls.key"), (made.chain, "tls.crt")):
            shutil.copy(source, self._folder / f"{name}.next")
            (self._folder / f"{name}.next").replace(self._folder / name)

    def renew_token(self) -> str:
        """Give out another token, and take back the one before the last, which is returned."""
        taken_back, self._tokens = self._tokens[0], [self._tokens[-1], new_token()]
        lines = [f"{_NAME} read,analyze,admin sha256:{digest_of(token).hex()}\n" for token in self._tokens]
        self._put("access", "".join(lines))
        # The clients hear of it last, so that the server knows what they show.
        self._put("token", self._tokens[0])
        return taken_back

    def _put(self, name: str, text: str) -> None:
        (self._folder / f"{name}.next").write_text(text)
        (self._folder / f"{name}.next").replace(self._folder / name)
