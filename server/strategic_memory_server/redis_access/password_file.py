"""PasswordFile: a password that is read again for each connection, so that it can be changed without a restart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError

from strategic_memory_server.files.readable import shown_path


class PasswordFileError(ValueError):
    """The file gives no password; the text says why, and holds none."""


def read_password(path: str) -> str:
    """Read the one line of a file.

    Raises:
        PasswordFileError: it cannot be read, or is not one line.
    """
    try:
        text = Path(path).read_text()
    except UnicodeDecodeError:
        raise PasswordFileError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise PasswordFileError(f"{shown_path(path)} cannot be read: {error.strerror}") from None
    lines = text.splitlines()
    if len(lines) != 1 or not lines[0]:
        raise PasswordFileError(f"{path} must hold the password as its only line")
    return lines[0]


@dataclass(frozen=True, slots=True)
class PasswordFile(CredentialProvider):
    """Gives a user and the password in a file.

    Attributes:
        path: the file.
        username: the user; None for the default one.
    """

    path: str
    username: str | None = None

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Read them."""
        try:
            password = read_password(self.path)
        except PasswordFileError as error:
            raise AuthenticationError(f"the password file {error}") from None
        return (self.username, password) if self.username else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """Read them; a file of one line takes no time worth a thread."""
        return self.get_credentials()
