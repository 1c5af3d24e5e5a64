"""The log: one JSON object a line, whatever is logged. In processes of their own, since it is set up once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.processes

SETUP = "import logging, structlog; from strategic_memory_server.monitoring.logging_setup import set_up_logging\n"


def run(program: str, level: str = "INFO", log_format: str = "json") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"{SETUP}set_up_logging({level!r}, {log_format!r})\nlog = structlog.get_logger()\n{program}",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )


def lines(program: str, level: str = "INFO") -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(program, level).stdout.splitlines()]


def test_a_line_is_an_object_that_begins_with_the_event() -> None:
    (line,) = lines("log.info('Service ready', port=1, nothing=None, ratio=0.5)")
    assert next(iter(line)) == "event"
    assert (line["event"], line["level"], line["port"], line["nothing"], line["ratio"]) == (
        "Service ready",
        "info",
        1,
        None,
        0.5,
    )
    assert line["timestamp"].endswith("Z")


def test_whatever_is_logged_stays_on_its_line_in_ascii() -> None:
    program = r"""
log.warning('a\nb', text='\x1b[31m\r\n\ud800\u2028é', raw=b'\xff', thing=object())
try:
    1 / 0
except ZeroDivisionError:
    log.exception('It failed')
"""
    first, second = lines(program)
    assert first["event"] == "a\nb"
    assert "\x1b[31m" in first["text"]
    assert "ZeroDivisionError" in second["exception"]
    assert run(program).stdout.isascii()


def test_the_level_is_kept() -> None:
    program = "\n".join(f"log.{level}('{level}')" for level in ("debug", "info", "warning", "error"))
    assert [line["event"] for line in lines(program, "WARNING")] == ["warning", "error"]
    assert len(lines(program, "DEBUG")) == 4


def test_libraries_speak_up_on_the_other_stream_and_only_about_errors() -> None:
    done = run("logging.getLogger('redis').warning('chatter'); logging.getLogger('redis').error('trouble')")
    assert done.stdout == ""
    assert done.stderr == "ERROR redis: trouble\n"


def test_lines_for_people_have_no_colours_where_nobody_sees_them() -> None:
    shown = run("log.info('Service ready', port=1)", log_format="console").stdout
    assert "Service ready" in shown
    assert "port=1" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_error_shows_where_it_came_from_and_no_variable(log_format: str) -> None:
    program = """
def fails():
    token = bytes(range(97, 117)).decode()
    raise ValueError(len(token))
try:
    fails()
except ValueError:
    log.exception('It failed')
"""
    shown = run(program, log_format=log_format).stdout
    assert "ValueError: 20" in shown
    assert "in fails" in shown
    assert "abcdefgh" not in shown


def test_a_server_does_not_bring_what_nothing_of_it_uses() -> None:
    """It is 5 MiB of each server; commands that draw tables import it by themselves."""
    program = "import strategic_memory_server.cli.serve, sys; print('rich' in sys.modules); import rich.table"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"
