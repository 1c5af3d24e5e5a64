"""TlsOptions: how a TLS connection to Redis is verified and how the service identifies itself on it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from strategic_memory_server.files.readable import why_unreadable
from strategic_memory_server.tls.pem_files import lacks_certificate, pair_problem

VERIFY_MODES = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """The PEM files of a connection to Redis, and what is verified by them.

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
    if problems := [f"{names[what]}: {why}" for what, path in given.items() if (why := why_unreadable(path))]:
        return problems
    if lacks_certificate(options.ca_file, options.ca_folder):
        problems.append(f"{names['ca_file']}: {options.ca_file} holds no certificate in PEM form")
    if options.key_file is not None and options.certificate_file is None:
        problems.append(f"{names['key_file']}: a key needs its certificate; set {names['certificate_file']} too")
    elif options.certificate_file is not None:
        if_locked = "one with a password needs the option ssl_password in REDIS_URL"
        problem = pair_problem(options.certificate_file, options.key_file, options.key_password, names, if_locked)
        problems += [problem] if problem else []
    return problems
