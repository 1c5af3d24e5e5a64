"""What every connection to the service has in common, plain or encrypted, blocking or asynchronous."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from strategic_memory_client.values.option_checks import checked_token, is_this_machine
from strategic_memory_client.values.options import ClientOptions, TlsOptions

_MOST_MS = 2**31 - 1
"""The most that gRPC takes, and takes for ever."""
_FIRST_RECONNECT_MS = 100
_LONGEST_RECONNECT_MS = 1000
_PEM_BEGIN = b"-----BEGIN"

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """What was in the TLS files when they were read."""

    root_certificates: bytes | None
    private_key: bytes | None = field(repr=False)
    certificate_chain: bytes | None

    def credentials(self) -> grpc.ChannelCredentials:
        """Return the credentials for a channel."""
        return grpc.ssl_channel_credentials(
            root_certificates=self.root_certificates,
            private_key=self.private_key,
            certificate_chain=self.certificate_chain,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """What a connection shows of us, as it was when the files were read."""

    tls: TlsMaterial | None
    token: str | None = field(repr=False)

    @property
    def metadata(self) -> Metadata | None:
        """What goes with each call."""
        return None if self.token is None else (("authorization", f"Bearer {self.token}"),)


def read_shown(options: ClientOptions) -> Shown:
    """Read the files. Raises OSError, which names the option, when one cannot be used."""
    tls = None if options.tls is None else read_tls_material(options.tls)
    return Shown(tls, options.token if options.token_file is None else _token(options.token_file))


def _token(path: Path) -> str:
    try:
        return checked_token("token_file", Path(path).read_text(encoding="ascii").strip())
    except ValueError:
        raise OSError(errno.EINVAL, "token_file must hold a token as its only line", str(path)) from None
    except OSError as error:
        raise type(error)(error.errno, f"token_file cannot be read: {error.strerror}", shown_path(path)) from None


def require_usable(addresses: Iterable[str], options: ClientOptions) -> None:
    """Raise ValueError where a token would travel in the open, OSError when a file cannot be read."""
    if options.tls is None and (options.token is not None or options.token_file is not None):
        for address in addresses:
            if not is_this_machine(address):
                raise ValueError(f"a token is not sent to {address} over plain text: give tls=TlsOptions(...) too")
    read_shown(options)


def read_tls_material(tls: TlsOptions) -> TlsMaterial:
    """Read the TLS files. Raises OSError, which names the option, when one cannot be read or is no PEM file."""
    return TlsMaterial(
        root_certificates=_content("root_certificates", tls.root_certificates),
        private_key=_content("private_key", tls.private_key),
        certificate_chain=_content("certificate_chain", tls.certificate_chain),
    )


def _content(name: str, path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise type(error)(error.errno, f"tls.{name} cannot be read: {error.strerror}", shown_path(path)) from None
    if _PEM_BEGIN not in content:
        raise OSError(errno.EINVAL, f"tls.{name} is not a PEM file (nothing in it begins with -----BEGIN)", str(path))
    return content


def shown_path(path: object) -> str:
    """Return how a file that is not there is told: what is no path for sure may be the key or the token itself."""
    told = str(path)
    is_path = told.startswith(("/", "./", "../")) and told.isprintable()
    return told if is_path else "a file of that name (give its path, not what is in it)"


def _ms(seconds: float) -> int:
    return min(max(round(seconds * 1000), 1), _MOST_MS)


def channel_arguments(options: ClientOptions) -> list[tuple[str, str | int]]:
    """Return the arguments of a channel."""
    arguments: list[tuple[str, str | int]] = [
        ("grpc.max_receive_message_length", options.max_message_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.keepalive_time_ms", _ms(options.keepalive_time_s)),
        ("grpc.keepalive_timeout_ms", _ms(options.keepalive_timeout_s)),
        ("grpc.keepalive_permit_without_calls", 0),
        # A stream may be quiet for longer than two probes.
        ("grpc.http2.max_pings_without_data", 0),
        # Despite its name, this bounds how long one connection attempt may take.
        ("grpc.min_reconnect_backoff_ms", _ms(options.connect_timeout_s)),
        ("grpc.initial_reconnect_backoff_ms", _FIRST_RECONNECT_MS),
        ("grpc.max_reconnect_backoff_ms", _LONGEST_RECONNECT_MS),
        # A name that has moved is asked for again as soon as its old address fails, not only after half a minute.
        ("grpc.dns_min_time_between_resolutions_ms", _LONGEST_RECONNECT_MS),
        # A new channel must be a new connection, not wait for the backoff of an older one to the same server.
        ("grpc.use_local_subchannel_pool", 1),
        # The service is a neighbour: a proxy that is set for the way out of the house must not come between.
        ("grpc.enable_http_proxy", 0),
        ("grpc.primary_user_agent", "strategic-memory-client"),
    ]
    if options.tls is not None and options.tls.server_name is not None:
        arguments.append(("grpc.ssl_target_name_override", options.tls.server_name))
    return arguments
