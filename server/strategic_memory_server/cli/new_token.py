"""`strategic-memory-server new-token`: a token for a caller, and the line of the access file that knows it."""

from __future__ import annotations

import sys

import click

from strategic_memory_server.identity.access_file import (
    AccessFileError,
    digest_of,
    new_token,
    read_grants,
    require_name,
    until_s,
)


@click.command("new-token")
@click.argument("name")
@click.option(
    "--scopes",
    default="read,analyze",
    show_default=True,
    metavar="SCOPE,...",
    help="What it may be used for; read@NAME is for one portfolio alone.",
)
@click.option("--until", metavar="DAY", help="The last day that it holds, UTC. Default: until its line is removed.")
def make_token(name: str, scopes: str, until: str | None) -> None:
    """Make a token for NAME, and its line of the access file.

    The token is printed once and kept nowhere. The line, on standard output, holds its digest alone, and goes into
    STRATEGIC_MEMORY_ACCESS_FILE:

        strategic-memory-server new-token agent-1 >> access

    A running server takes the changed file within seconds. Exit codes: 0 done, 2 wrong flag.
    """
    try:
        require_name(name)
        read_grants(scopes)
        if until is not None:
            until_s(until)
    except AccessFileError as error:
        raise click.UsageError(str(error)) from None
    token = new_token()
    click.echo(f"The token of {name}, shown this once:\n  {token}", file=sys.stderr)
    line = [name, scopes, f"sha256:{digest_of(token).hex()}", *([until] if until else [])]
    click.echo(" ".join(line))
