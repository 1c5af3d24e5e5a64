"""The access file: a line for each who may call, with what they may do and how they prove who they are.

    # name     scopes         credential               until, if ever
    agent-1    read,analyze   sha256:9f86d081884c7d65…  2027-01-31
    desk-ops   read@alpha     san:spiffe://desk/ops

A token is not in it, only its SHA-256: a token has 256 random bits, which nobody finds by trying, so that a slow digest
would add nothing. A scope is for all portfolios, or for the one behind its @. A name may have several lines, as while a
token is replaced by another one.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strategic_memory_server.files.followed_files import UnusableFilesError
from strategic_memory_server.files.readable import why_unreadable
from strategic_memory_server.identity.grants import ALL, Grants
from strategic_memory_server.identity.scope import Scope
from strategic_memory_server.memory.portfolio_name import DEFAULT, DEFAULT_WRITTEN, NAME, WANTED

TOKEN_BEGIN = "smt_"  # noqa: S105  the beginning of each, and none
"""How every token begins, for whoever searches files for secrets."""

_TOKEN_BYTES = 32
_DIGEST = re.compile(r"sha256:(?P<digest>[0-9a-f]{64})")
_SAN = re.compile(r"san:(?P<san>[\x21-\x7e]{1,512})")
_FIELDS = "NAME SCOPES CREDENTIAL [UNTIL]"


class AccessFileError(UnusableFilesError):
    """The file cannot be used; the text names the line, and holds no credential."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may call.

    Attributes:
        name: what logs call them.
        grants: what they may do.
        ends_s: until when, seconds since 1970; None: until the line goes.
        is_one: whether all who call by this name are one caller.
    """

    name: str
    grants: Grants
    ends_s: float | None = None
    is_one: bool = True


@dataclass(frozen=True, slots=True)
class AccessTable:
    """The lines of the file.

    Attributes:
        by_digest: identities by the SHA-256 of their token.
        by_san: the same by a name in the certificate of a client.
    """

    by_digest: Mapping[bytes, Identity]
    by_san: Mapping[str, Identity]


def digest_of(token: str) -> bytes:
    """Return what the file holds of a token."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def new_token() -> str:
    """Make a token."""
    return TOKEN_BEGIN + secrets.token_urlsafe(_TOKEN_BYTES)


def read_access_file(path: Path) -> AccessTable:
    """Read the file. Raises AccessFileError."""
    if why := why_unreadable(str(path)):
        # What is no file could be waited for without an end.
        raise AccessFileError(f"cannot be read: {why}")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AccessFileError(f"{path}: cannot be read: {error}") from None
    digests: dict[bytes, Identity] = {}
    sans: dict[str, Identity] = {}
    for number, line in enumerate(lines, 1):
        if not (fields := _fields(line)):
            continue
        try:
            credential, identity = _read(fields)
            table: dict[bytes, Identity] | dict[str, Identity] = digests if isinstance(credential, bytes) else sans
            if credential in table:
                raise AccessFileError("its credential stands in a line above too")
            table[credential] = identity  # type: ignore[index]  # bytes are of digests, text is of names
        except AccessFileError as error:
            raise AccessFileError(f"{path}, line {number}: {error}") from None
    if not digests and not sans:
        raise AccessFileError(f"{path}: has no line; {_FIELDS}, see strategic-memory-server new-token")
    return AccessTable(digests, sans)


def _fields(line: str) -> list[str]:
    """Return the words of a line up to a comment; what follows # in a name of a certificate is a part of that name."""
    fields = []
    for word in line.split():
        is_name = word.startswith("san:")
        field, mark, _ = (word, "", "") if is_name else word.partition("#")
        fields += [field] if field else []
        if mark:
            break
    return fields


def _read(fields: list[str]) -> tuple[bytes | str, Identity]:
    if len(fields) not in {3, 4}:
        raise AccessFileError(f"has {len(fields)} fields; wanted are {_FIELDS}")
    name, scopes, credential = fields[:3]
    require_name(name)
    ends_s = until_s(fields[3]) if fields[3:] else None
    return _credential(credential), Identity(name, read_grants(scopes), ends_s)


def require_name(name: str) -> None:
    """Refuse what is no name of a caller. Raises AccessFileError."""
    if not NAME.fullmatch(name):
        raise AccessFileError(f"a name has {WANTED}")


def read_grants(text: str) -> Grants:
    """Read scopes, separated by commas, each for all portfolios or as `read@alpha` for one. Raises AccessFileError."""
    of_all, of_one = set[Scope](), set[tuple[Scope, str]]()
    try:
        for each in text.split(","):
            scope, at, portfolio = each.partition("@")
            if not at:
                of_all.add(Scope(scope))
            elif portfolio == DEFAULT_WRITTEN or NAME.fullmatch(portfolio):
                of_one.add((Scope(scope), DEFAULT if portfolio == DEFAULT_WRITTEN else portfolio))
            else:
                raise ValueError(each)
    except ValueError:
        known = ", ".join(scope.value for scope in Scope)
        raise AccessFileError(
            f"scopes are {known}, separated by commas and without spaces; for one portfolio alone read@NAME, for the "
            f"default one read@{DEFAULT_WRITTEN}"
        ) from None
    return Grants(frozenset(of_all), frozenset(of_one))


def scope_text(scope: Scope, portfolio: str) -> str:
    """Return how the file gives a scope for one portfolio; `ALL`: for all together."""
    return scope.value if portfolio == ALL else f"{scope.value}@{portfolio or DEFAULT_WRITTEN}"


def until_s(text: str) -> float:
    """Read an end: a day counts to its last moment, UTC. Raises AccessFileError."""
    try:
        if len(text.split()) != 1:
            # Its line would have a field too many.
            raise ValueError(text)
        end = datetime.fromisoformat(text)
        if len(text) <= len("2027-01-31"):
            end += timedelta(days=1)
    except ValueError:
        raise AccessFileError("UNTIL is a day, 2027-01-31, or a time with its zone, 2027-01-31T12:00:00Z") from None
    except OverflowError:
        # The last day that there is.
        return math.inf
    return (end if end.tzinfo else end.replace(tzinfo=UTC)).timestamp()


def _credential(text: str) -> bytes | str:
    if matched := _DIGEST.fullmatch(text):
        if (digest := bytes.fromhex(matched["digest"])) == digest_of(""):
            # As of a variable that was not set. Whoever sends "Bearer" and spaces would show that.
            raise AccessFileError("holds the SHA-256 of nothing, which anybody can show; make a token with new-token")
        return digest
    if matched := _SAN.fullmatch(text):
        return matched["san"]
    if text.startswith(TOKEN_BEGIN):
        raise AccessFileError("holds a token itself; put sha256: and its SHA-256 there, and replace that token")
    raise AccessFileError("a credential is sha256: with 64 digits of 0-9a-f, or san: with a name in a certificate")
