"""What the image is built from: locks it, says what that is and under which licences, and looks for known flaws.

Run by `make image-lock`, `make sbom`, `make licences` and `make audit`. Exit codes: 0 nothing to complain of, 1 a flaw
or a licence was found, 2 wrong usage, 3 not known, since a registry or the database of flaws cannot be reached.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
LOCK = REPOSITORY / "deploy" / "image" / "requirements.txt"
BUILD_LOCK = REPOSITORY / "deploy" / "image" / "build-requirements.txt"
SBOM = REPOSITORY / "dist" / "sbom.cdx.json"

EXTRA = "server"
"""What the image installs."""

OLDEST_PYTHON = "3.11"
"""The lock holds for every Python from this one on: tests build the image with their own."""

FOUND, NOTHING_KNOWN = 1, 3

TOOLS = ("uv==0.13.9", "cyclonedx-bom==7.5.0", "pip-licenses==5.5.5", "pip-audit==2.10.1")

PERMITTED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0", "Zlib"}
    | {"3-Clause BSD License", "Apache Software License", "BSD License", "MIT License"}
)
"""Licences that ask for no more than to be named, by their SPDX ids and as packages call them that have none."""

KNOWN_TO_BE_VULNERABLE = "django==1.8"
"""A release, of nothing that is locked, that every database of flaws names: else it would call everything harmless."""


class NothingKnownError(Exception):
    """What would be asked cannot be reached."""


def pins(text: str) -> list[str]:
    """Return the releases of a lock, whatever machine they are for, as `name==version`."""
    return re.findall(r"^([A-Za-z0-9._-]+==[^\s;\\]+)", text, flags=re.MULTILINE)


def is_permitted(licence: str) -> bool:
    """Tell whether a licence, or all of several or one that may be chosen, is permitted."""
    if " OR " in licence and " AND " not in licence:
        return any(part in PERMITTED for part in licence.split(" OR "))
    return all(part in PERMITTED for part in licence.split(" AND "))


def judged(answers: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """Judge what pip-audit says of each package: the exit code, and a line for each thing that has to be said.

    pip-audit itself calls a package harmless of which its database knows nothing.
    """
    known = KNOWN_TO_BE_VULNERABLE.partition("==")[0]
    ours = [each for each in answers if each["name"] != known]
    if flaws := [(each, flaw) for each in ours for flaw in each.get("vulns", [])]:
        return FOUND, [
            f"{each['name']} {each['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none'}"
            for each, flaw in flaws
        ]
    if unknown := [each["name"] for each in ours if "skip_reason" in each]:
        return NOTHING_KNOWN, [f"the database knows nothing of {len(unknown)} of {len(ours)}: {', '.join(unknown)}"]
    if not any(each.get("vulns") for each in answers):
        return NOTHING_KNOWN, [f"what was asked names no flaw of {KNOWN_TO_BE_VULNERABLE}: it is no database of flaws"]
    return 0, [f"no flaw is known of {len(ours)} releases"]


def lock(*, upgrade: bool) -> int:
    """Lock what the image installs, and what builds it; releases that are there stay unless `upgrade`."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    options = ["--quiet", "--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes", "--no-emit-index-url"]
    options += ["--no-emit-find-links", "--no-header", *(["--upgrade"] if upgrade else [])]
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder) / "build.in"
        build.write_text("\n".join(project["build-system"]["requires"]))
        sources: list[tuple[list[str], Path]] = [
            (["--extra", EXTRA, "pyproject.toml"], LOCK),
            (["--no-annotate", str(build)], BUILD_LOCK),
        ]
        for source, target in sources:
            _run([_tool("uv"), "pip", "compile", *options, *source, "--output-file", target])
    return 0


def sbom() -> int:
    """Write what the image installs as CycloneDX."""
    SBOM.parent.mkdir(exist_ok=True)
    command = [_tool("cyclonedx-py"), "environment", "--pyproject", "pyproject.toml", "--output-reproducible"]
    _run([*command, "--output-file", SBOM, _image_python()])
    _say(f"{len(json.loads(SBOM.read_text())['components'])} packages in {SBOM.relative_to(REPOSITORY)}")
    return 0


def licences() -> int:
    """Print the licence of each package; 1 where one is not permitted."""
    answer = _run([_tool("pip-licenses"), "--python", _image_python(), "--from=mixed", "--format=json"])
    wrong = 0
    for each in json.loads(answer):
        is_wrong = not is_permitted(each["License"])
        wrong += is_wrong
        _say(f"{each['Name']} {each['Version']}: {each['License']}{'   <- not permitted' if is_wrong else ''}")
    return FOUND if wrong else 0


def audit(service: str) -> int:
    """Ask a database of flaws for every package of the lock."""
    answers: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        asked, report = Path(folder) / "asked.txt", Path(folder) / "report.json"
        command = [_tool("pip-audit"), "--disable-pip", "--no-deps", "--progress-spinner=off", "--timeout=15"]
        command += [
            f"--vulnerability-service={service}",
            "--format=json",
            f"--output={report}",
            f"--requirement={asked}",
        ]
        for group in _once_each([*pins(LOCK.read_text()), KNOWN_TO_BE_VULNERABLE]):
            asked.write_text("\n".join(group))
            report.unlink(missing_ok=True)
            done = subprocess.run([*command, "-r", asked], cwd=REPOSITORY, capture_output=True, text=True, check=False)
            if not report.exists():
                raise NothingKnownError(f"no database of flaws has answered: {_last_line(done.stderr)}")
            answers += json.loads(report.read_text())["dependencies"]
    code, lines = judged(answers)
    for line in lines:
        _say(line)
    return code


def _once_each(found: Iterable[str]) -> list[list[str]]:
    """Part releases so that no name comes twice in a part: a lock may have one for each of several Pythons."""
    parts: list[dict[str, str]] = []
    for pin in found:
        name = pin.partition("==")[0]
        part = next((part for part in parts if name not in part), None)
        if part is None:
            parts.append(part := {})
        part[name] = pin
    return [list(part.values()) for part in parts]


def _image_python() -> Path:
    """Return the interpreter of an environment that holds what the image installs; made anew when the lock changes."""
    (wanted,) = re.findall(r"^FROM python:([\d.]+)\S* AS build$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    interpreter = _interpreter(wanted)
    if interpreter is None:
        interpreter = sys.executable
        _say(f"CPython {wanted}, which the image has, is not here: releases for another Python may differ")
    is_there = hashlib.sha256(LOCK.read_bytes() + interpreter.encode()).hexdigest()
    install = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK)]
    return _environment("image", interpreter, is_there, install)


def _interpreter(version: str) -> str | None:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    # A version manager may have commands on PATH that only print an error.
    for name in filter(None, [shutil.which(f"python{version}"), *map(str, pyenv.glob(f"{version}.*/bin/python"))]):
        if subprocess.run([name, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0:
            return name
    return None


def _tool(name: str) -> str:
    return str(_environment("supply", sys.executable, " ".join(TOOLS), list(TOOLS)).parent / name)


def _environment(name: str, interpreter: str, is_there: str, install: Sequence[str]) -> Path:
    folder = REPOSITORY / ".tools" / name
    python, stamp = folder / "bin" / "python", folder / "complete"
    if not stamp.exists() or stamp.read_text() != is_there:
        sys.stderr.write(f"making .tools/{name} (once)\n")
        shutil.rmtree(folder, ignore_errors=True)
        _run([interpreter, "-m", "venv", folder])
        try:
            _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *install])
        except NothingKnownError as error:
            raise NothingKnownError(f"no package registry gives what this needs ({error})") from None
        stamp.write_text(is_there)
    return python


def _run(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NothingKnownError(f"{Path(command[0]).name}: {_last_line(done.stderr)}")
    return done.stdout


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(prog="image_dependencies", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lock").add_argument("--upgrade", action="store_true", help="take the newest releases")
    commands.add_parser("sbom")
    commands.add_parser("licences")
    commands.add_parser("audit").add_argument("--service", choices=("pypi", "osv"), default="pypi", help="the database")
    asked = parser.parse_args(arguments)
    try:
        match asked.command:
            case "lock":
                return lock(upgrade=asked.upgrade)
            case "audit":
                return audit(asked.service)
            case command:
                return {"sbom": sbom, "licences": licences}[command]()
    except NothingKnownError as error:
        sys.stderr.write(f"{asked.command}: {error}\n")
        return NOTHING_KNOWN
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
