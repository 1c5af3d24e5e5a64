"""TlsOptions: how a TLS connection to Redis is verified and how the service identifies itself on it."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path

VERIFY_MODES = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """PEM files and rules.

    Attributes:
        ca_file: certificates that are trusted; without it and `ca_folder`, those that the machine trusts.
        ca_folder: folder of such certificates, by their hash as OpenSSL wants it.
        certificate_file: the client's certificate with its chain; may hold the key too.
        key_file: its key.
        key_password: password of the key.
        verify: whether the server's certificate is verified, a key of VERIFY_MODES.
        check_hostname: whether it must be issued for the host.
    """

    ca_file: str | None = None
    ca_folder: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    key_password: str | None = field(default=None, repr=False)
    verify: str = "required"
    check_hostname: bool = True

    def context(self) -> ssl.SSLContext:
        """Read the files.

        Raises:
            OSError: one cannot be read or used; `ssl.SSLError` is one.
        """
        context = ssl.create_default_context(cafile=self.ca_file, capath=self.ca_folder)
        context.check_hostname = self.check_hostname and self.verify != "none"
        context.verify_mode = VERIFY_MODES[self.verify]
        if self.certificate_file is not None:
            # Without a password OpenSSL would ask for that of a protected key on the terminal, and wait.
            context.load_cert_chain(self.certificate_file, self.key_file, self.key_password or "")
        return context


def tls_problems(options: TlsOptions, names: dict[str, str]) -> list[str]:
    """Say what is wrong with the files, one line each; nothing when they can be used.

    Args:
        options: the files.
        names: what an operator calls each of `ca_file`, `certificate_file` and `key_file`.
    """
    given = {what: path for what in names if (path := getattr(options, what)) is not None}
    if problems := [f"{names[what]}: {why}" for what, path in given.items() if (why := _why_unreadable(path))]:
        return problems
    try:
        ssl.create_default_context(cafile=options.ca_file, capath=options.ca_folder)
    except OSError:
        problems.append(f"{names['ca_file']}: {options.ca_file} holds no certificate in PEM form")
    if options.key_file is not None and options.certificate_file is None:
        problems.append(f"{names['key_file']}: a key needs its certificate; set {names['certificate_file']} too")
    elif options.certificate_file is not None:
        problems += _pair_problems(options, names)
    return problems


def _pair_problems(options: TlsOptions, names: dict[str, str]) -> list[str]:
    certificate, key = str(options.certificate_file), options.key_file
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(certificate, key, options.key_password or "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return [f"{names['key_file']}: the key in {key or certificate} is not that of the certificate"]
        if not _holds(certificate, "CERTIFICATE"):
            return [f"{names['certificate_file']}: {certificate} holds no certificate in PEM form"]
        if key is None and not _holds(certificate, "PRIVATE KEY"):
            return [f"{names['certificate_file']}: {certificate} holds no key; set {names['key_file']} to its file"]
        unreadable = f"{key or certificate} holds no key in PEM form that can be read"
        return [f"{names['key_file']}: {unreadable}; one with a password needs the option ssl_password in REDIS_URL"]
    return []


def _holds(path: str, kind: str) -> bool:
    return f"{kind}-----" in Path(path).read_text(errors="replace")


def _why_unreadable(path: str) -> str | None:
    if not Path(path).is_file():
        return f"{path} is not there" if not Path(path).exists() else f"{path} is not a file"
    return None if os.access(path, os.R_OK) else f"{path} may not be read by this user"
