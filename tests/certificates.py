"""Certificates for tests, made by openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import grpc
from processes import require_tool


@dataclass(frozen=True)
class Certificate:
    """A key and a certificate in PEM files."""

    key: Path
    chain: Path


class Authority:
    """Vouches for certificates, which last as its own does: by default for longer than an end is told ahead."""

    def __init__(self, folder: Path, name: str, days: int = 60) -> None:
        self._folder = folder
        self.name = name
        self._days = days
        self.own = self._make(name, "basicConstraints=critical,CA:TRUE", None)

    def certificate(self, name: str, names: str = "IP:127.0.0.1,DNS:memory.test") -> Certificate:
        """Make one with some names, as openssl wants them, or with none."""
        return self._make(name, f"subjectAltName={names}" if names else "keyUsage=digitalSignature", self.own)

    def server_credentials(self, certificate: Certificate, *, require_client: bool = False) -> grpc.ServerCredentials:
        return grpc.ssl_server_credentials(
            [(certificate.key.read_bytes(), certificate.chain.read_bytes())],
            root_certificates=self.own.chain.read_bytes() if require_client else None,
            require_client_auth=require_client,
        )

    def _make(self, name: str, extension: str, issuer: Certificate | None) -> Certificate:
        made = Certificate(self._folder / f"{self.name}-{name}.key", self._folder / f"{self.name}-{name}.pem")
        command = [require_tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        command += ["-nodes", "-days", str(self._days), "-subj", f"/CN={name}", "-addext", extension]
        command += ["-keyout", str(made.key), "-out", str(made.chain)]
        if issuer is not None:
            command += ["-CA", str(issuer.chain), "-CAkey", str(issuer.key)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        return made
