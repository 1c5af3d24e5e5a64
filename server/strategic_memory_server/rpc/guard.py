"""Guard: lets a call begin, and a stream go on, only for those who may."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Mapping

from strategic_memory_server.faults.errors import NobodyMayError
from strategic_memory_server.identity.access import Access, sole_authorization
from strategic_memory_server.identity.permit import IN_HAND, Permit
from strategic_memory_server.identity.scope import Scope
from strategic_memory_server.rpc.behaviour import Behaviour, CallContext, watched
from strategic_memory_server.rpc.caller import KNOWN
from strategic_memory_server.tls.certificate_names import names_of

AUTHORIZATION = "authorization"
_CERTIFICATE = "x509_pem_cert"


class Guard:
    """Asks of each call who it is from.

    Args:
        access: knows them.
        scopes: what a method takes, by "/package.Service/Method"; of others it is enough to be known.
        open_to_all: services that anybody may call.
    """

    def __init__(self, access: Access, scopes: Mapping[str, Scope], open_to_all: Collection[str]) -> None:
        self._access = access
        self._scopes = scopes
        self._open = open_to_all

    def guarding(self, behaviour: Behaviour, path: str, *, is_stream: bool = False) -> Behaviour:
        """Wrap a behaviour of a method, which may write a stream of messages."""
        if path.split("/")[1] in self._open:
            return behaviour
        scope, access = self._scopes.get(path), self._access

        def guarded(request: object, context: CallContext) -> Awaitable[object]:
            permit = Permit(access, scope, *_shown(context))
            _remember(permit)
            return behaviour(request, _renewing(permit, context) if is_stream else context)

        return guarded


def _renewing(permit: Permit, context: CallContext) -> CallContext:
    """A token that was taken back ends its streams with the next message, a heartbeat at the latest."""

    def write(message: object) -> Awaitable[None]:
        permit.renew()
        return context.write(message)

    return watched(context, write)


def _remember(permit: Permit) -> None:
    """Let the call in hand count as one of whoever makes it, and be about what they may ask about."""
    IN_HAND.set(permit)
    if permit.identity.is_one:
        KNOWN.set(permit.identity.name)


class NobodyAsked:
    """Stands for a Guard where nobody is asked who they are: whoever calls may, but for what takes ADMIN.

    Args:
        scopes: as of a Guard.
        is_admin_open: whether that may be called too.
    """

    def __init__(self, scopes: Mapping[str, Scope], *, is_admin_open: bool) -> None:
        self._scopes = scopes
        self._is_admin_open = is_admin_open

    def guarding(self, behaviour: Behaviour, path: str, *, is_stream: bool = False) -> Behaviour:
        """Wrap a behaviour of a method, as a Guard does."""
        if self._is_admin_open or self._scopes.get(path) is not Scope.ADMIN:
            return behaviour

        async def refused(request: object, context: CallContext) -> object:
            raise NobodyMayError(Scope.ADMIN.value)

        return refused


def _shown(context: CallContext) -> tuple[str | None, Iterable[str]]:
    """Return the authorization that a call carries, and the names in the certificate of its connection."""
    metadata = context.invocation_metadata() or ()
    authorization = sole_authorization([value for key, value in metadata if key == AUTHORIZATION])
    if authorization is not None:
        return authorization, ()
    shown: Iterable[bytes] = context.auth_context().get(_CERTIFICATE, ())
    return None, [name for certificate in shown for name in names_of(certificate)]
