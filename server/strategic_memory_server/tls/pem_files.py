"""What is wrong with files of certificates and keys, in words for whoever has set them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path


def pair_problem(
    certificate_file: str, key_file: str | None, key_password: str | None, names: Mapping[str, str], if_locked: str
) -> str | None:
    """Say why a certificate and a key cannot be used together; None where they can.

    Args:
        certificate_file: the certificate with its chain; may hold the key too.
        key_file: the key.
        key_password: its password.
        names: what an operator calls `certificate_file` and `key_file`.
        if_locked: what to do where the key has a password that was not given.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        # Without a password OpenSSL would ask for that of a protected key on the terminal, and wait.
        context.load_cert_chain(certificate_file, key_file, key_password or "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"{names['key_file']}: the key in {key_file or certificate_file} is not that of the certificate"
        if not _holds(certificate_file, "CERTIFICATE"):
            return f"{names['certificate_file']}: {certificate_file} holds no certificate in PEM form"
        if key_file is None and not _holds(certificate_file, "PRIVATE KEY"):
            return f"{names['certificate_file']}: {certificate_file} holds no key; set {names['key_file']} to its file"
        unreadable = f"{key_file or certificate_file} holds no key in PEM form that can be read"
        return f"{names['key_file']}: {unreadable}; {if_locked}"
    return None


def lacks_certificate(path: str | None, folder: str | None = None) -> bool:
    """Tell whether a file that says who is trusted, or a folder beside it, holds no certificate in PEM form."""
    try:
        ssl.create_default_context(cafile=path, capath=folder)
    except OSError:
        return True
    return False


def _holds(path: str, kind: str) -> bool:
    return f"{kind}-----" in Path(path).read_text(errors="replace")
