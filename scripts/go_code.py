"""Generates the Go code of the wire contract, or checks that the committed code is up to date.

Usage: python -m scripts.go_code write | check [--root CHECKOUT]

It needs a Go that can build the client, with its modules at hand or a proxy for them; otherwise the check is skipped,
and says so.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.generated_code import GenerationError, run_protoc

ROOT = Path(__file__).resolve().parent.parent
MODULE = Path("clients") / "go"
PACKAGE = "strategicmemoryv1"
MODULE_NAME = "github.com/strategic-memory/strategic-memory/clients/go"
REQUIRE = "STRATEGIC_MEMORY_TEST_REQUIRE"
PLUGINS = {"protoc-gen-go": "go_out", "protoc-gen-go-grpc": "go-grpc_out"}


class NoGoError(RuntimeError):
    """There is no Go that can build the plug-ins; the message says why."""


def plugin(root: Path, name: str) -> str:
    """Return where a plug-in of protoc is, of the release that the module names. Raises NoGoError."""
    try:
        found = subprocess.run(
            ["go", "tool", "-n", name],  # noqa: S607  the go that whoever builds has chosen
            cwd=root / MODULE,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise NoGoError("go is not installed") from None
    if found.returncode != 0:
        raise NoGoError(found.stderr.strip())
    return found.stdout.strip()


def generated(root: Path) -> dict[str, bytes]:
    """Generate the code of the contract, by the name of the file. Raises GenerationError or NoGoError."""
    protos = root / "protos"
    with tempfile.TemporaryDirectory() as folder:
        outputs = []
        for name, flag in PLUGINS.items():
            outputs += [f"--plugin={name}={plugin(root, name)}", f"--{flag}=module={MODULE_NAME}:{folder}"]
        run_protoc(protos, sorted(protos.rglob("*.proto")), outputs)
        return contents(Path(folder) / PACKAGE)


def contents(folder: Path) -> dict[str, bytes]:
    """Read every generated file of a folder, by its name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.pb.go"))}


def write(root: Path) -> None:
    """Replace the committed code by newly generated code."""
    folder, expected = root / MODULE / PACKAGE, generated(root)
    for name in contents(folder).keys() - expected.keys():
        (folder / name).unlink()
    for name, content in expected.items():
        (folder / name).write_bytes(content)


def differences(root: Path) -> list[str]:
    """Return the files that differ from newly generated ones, are missing or belong to no .proto file."""
    expected, found = generated(root), contents(root / MODULE / PACKAGE)
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def main() -> int:
    """Run from the command line; 0: done, no difference or skipped, 1: a difference or an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=["write", "check"])
    parser.add_argument("--root", type=Path, default=ROOT)
    arguments = parser.parse_args()
    try:
        if arguments.action == "write":
            write(arguments.root)
            return 0
        drift = differences(arguments.root)
    except NoGoError as missing:
        print(f"SKIPPED Go code {arguments.action}: {missing}", file=sys.stderr)
        return 1 if "go" in os.environ.get(REQUIRE, "").split(",") else 0
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 1
    for name in drift:
        path = MODULE / PACKAGE / name
        print(f"{path} is not what its .proto file says: `make protos`, then commit.", file=sys.stderr)
    return 1 if drift else 0


if __name__ == "__main__":
    sys.exit(main())
