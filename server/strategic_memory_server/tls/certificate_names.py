"""The names in the certificate of a client, as it was signed: the access file may know it by one of them."""

from __future__ import annotations

import functools
import importlib
from typing import Any

NO_NAME = ""
"""Stands for a certificate that has no name; no line of an access file is about it."""

_PEM_BEGIN = b"-----BEGIN"


@functools.lru_cache(1024)
def names_of(certificate: bytes) -> tuple[str, ...]:
    """Return the DNS names, URIs, mail addresses and IP addresses in a certificate, PEM or DER; at least `NO_NAME`.

    IP addresses are in their shortest form. A certificate whose names cannot be read has none.
    """
    # Nine MiB that a service without TLS does not hold.
    x509: Any = importlib.import_module("cryptography.x509")
    is_pem = certificate.startswith(_PEM_BEGIN)
    try:
        read = x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate
        found = read(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return (NO_NAME,)
    kinds = (x509.DNSName, x509.UniformResourceIdentifier, x509.RFC822Name, x509.IPAddress)
    return tuple(str(name) for kind in kinds for name in found.get_values_for_type(kind)) or (NO_NAME,)
