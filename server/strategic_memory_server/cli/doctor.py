"""`strategic-memory-server doctor`: what is wrong with Redis, its producers and the service, and how to see it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import click

from strategic_memory_server.cli.portfolio_option import portfolio_option, settings_asked
from strategic_memory_server.cli.redis_options import redis_options
from strategic_memory_server.cli.run_stoppable import run_stoppable
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.doctor.examination import Examination, examine
from strategic_memory_server.doctor.finding import Severity
from strategic_memory_server.files.readable import why_unreadable
from strategic_memory_server.monitoring.logging_setup import set_up_logging
from strategic_memory_server.redis_access.redis_connection import shown_url

_NAMES = {Severity.WARNING: "warning", Severity.CRITICAL: "critical finding"}
_EXIT_CODES = {None: 0, Severity.WARNING: 3, Severity.CRITICAL: 1}


@click.command()
@redis_options
@click.option(
    "--http-address",
    metavar="HOST:PORT",
    help="Where the service listens for HTTP. [env: STRATEGIC_MEMORY_HTTP_ADDRESS; default: 127.0.0.1:8001]",
)
@portfolio_option
@click.option(
    "--token-file",
    metavar="FILE",
    envvar="STRATEGIC_MEMORY_TOKEN_FILE",
    help="File with a token that may read the portfolio, where callers are known.",
)
@click.option("--no-service", is_flag=True, help="Look at Redis alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(
    context: click.Context,
    /,
    *,
    portfolio: str,
    token_file: str | None,
    no_service: bool,
    as_json: bool,
    **overrides: object,
) -> None:
    """Say what is wrong, in order of harm.

    It looks at Redis, its producers and the service, and names the command that shows each thing. Give it the settings
    of the service: the same environment, or the same flags. It writes nothing, and takes some seconds, in which it
    watches who holds the lease.

    Exit codes: 0 nothing is wrong, 1 the advice is wrong, missing or rests on what is not there, 2 wrong flag or
    setting, 3 nothing but warnings, 130 interrupted.
    """
    token = _token_of(token_file)
    settings = settings_asked(overrides, portfolio)
    # What is found is printed here, and not logged.
    set_up_logging("CRITICAL", "console")
    examination = run_stoppable(examine(settings, portfolio, asks_service=not no_service, token=token))
    click.echo(_as_json(examination) if as_json else _as_text(examination, settings))
    context.exit(_EXIT_CODES[examination.worst])


def _token_of(file: str | None) -> str | None:
    if file is None:
        return None
    if why := why_unreadable(file):
        raise click.UsageError(f"--token-file: {why}")
    try:
        token = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--token-file: {file} cannot be read: {error}") from None
    # What http.client refuses would be repeated in its words.
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise click.UsageError(
            f"--token-file: {file} holds no token: a token is one word of printable ASCII characters"
        )
    return token


def _as_json(examination: Examination) -> str:
    findings = [{**asdict(finding), "severity": finding.severity.name.lower()} for finding in examination.findings]
    return json.dumps({"checks": examination.checks, "findings": findings}, indent=2)


def _as_text(examination: Examination, settings: ServiceSettings) -> str:
    where = f"Redis at {shown_url(settings.redis.url)}, keys under {settings.redis.key_prefix}"
    feedback = examination.service.health.get("metrics", {}).get("feedback")
    if feedback:
        where += f"; the service here is at revision {feedback.get('revision')} of epoch {feedback.get('epoch')}"
    lines = [where]
    for number, finding in enumerate(examination.findings, 1):
        lines.append(f"\n{number}. {finding.severity.name} {finding.check}: {finding.sentence.rstrip('.')}.")
        if finding.command:
            lines.append(f"   See: {finding.command}")
    counts = [_counted(examination, severity) for severity in sorted(Severity, reverse=True)]
    found = ", ".join(filter(None, counts)) or "nothing is wrong"
    if not examination.checks:
        found += "; without Redis nothing else can be looked at"
    return _printable("\n".join([*lines, f"\n{examination.checks} checks: {found}."]))


def _printable(text: str) -> str:
    """Return the text without anything that a terminal would obey: some of it was read from Redis, and over HTTP."""
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


def _counted(examination: Examination, severity: Severity) -> str:
    count = sum(finding.severity is severity for finding in examination.findings)
    return f"{count} {_NAMES[severity]}{'s' if count > 1 else ''}" if count else ""
