"""Generates the TypeScript code of the wire contract, or checks that the committed code is up to date.

Usage: python -m scripts.typescript_code write | check [--root CHECKOUT]

It needs what `clients/typescript/install` installs; where that is missing, the check is skipped, and says so.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import google.rpc

from scripts.generated_code import GenerationError, run_protoc

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("clients") / "typescript"
GENERATED = PACKAGE / "src" / "generated"
REQUIRE = "STRATEGIC_MEMORY_TEST_REQUIRE"
DETAILS_OF_STATUS = ("google/rpc/status.proto", "google/rpc/error_details.proto")


def generator(root: Path) -> Path:
    """Return where the plug-in of protoc is, once it is installed."""
    return root / PACKAGE / "node_modules" / ".bin" / "protoc-gen-es"


def generated(root: Path) -> dict[Path, bytes]:
    """Generate the code of the contract and of the details of a status, by path. Raises GenerationError."""
    protos = root / "protos"
    # The folder that holds google/rpc/*.proto.
    details = Path(next(iter(google.rpc.__path__))).parent.parent
    plugin = f"--plugin=protoc-gen-es={generator(root)}"
    with tempfile.TemporaryDirectory() as folder:
        outputs = [plugin, f"--es_out={folder}", "--es_opt=target=ts,import_extension=js"]
        run_protoc(protos, sorted(protos.rglob("*.proto")), outputs)
        run_protoc(details, [details / name for name in DETAILS_OF_STATUS], outputs)
        return contents(Path(folder))


def contents(folder: Path) -> dict[Path, bytes]:
    """Read every file below a folder, by its path in it."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*.ts"))}


def write(root: Path) -> None:
    """Replace the committed code by newly generated code."""
    expected = generated(root)
    for path in contents(root / GENERATED).keys() - expected.keys():
        (root / GENERATED / path).unlink()
    for path, content in expected.items():
        (root / GENERATED / path).parent.mkdir(parents=True, exist_ok=True)
        (root / GENERATED / path).write_bytes(content)


def differences(root: Path) -> list[Path]:
    """Return the files that differ from newly generated ones, are missing or belong to no .proto file."""
    expected, found = generated(root), contents(root / GENERATED)
    return sorted(path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path))


def main() -> int:
    """Run from the command line; 0: done, no difference or skipped, 1: a difference or an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=["write", "check"])
    parser.add_argument("--root", type=Path, default=ROOT)
    arguments = parser.parse_args()
    if not generator(arguments.root).exists():
        is_required = "node" in os.environ.get(REQUIRE, "").split(",")
        print(f"SKIPPED TypeScript code {arguments.action}: clients/typescript is not installed.", file=sys.stderr)
        return 1 if is_required else 0
    try:
        if arguments.action == "write":
            write(arguments.root)
            return 0
        drift = differences(arguments.root)
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 1
    for path in drift:
        print(f"{GENERATED / path} is not what its .proto file says: `make protos`, then commit.", file=sys.stderr)
    return 1 if drift else 0


if __name__ == "__main__":
    sys.exit(main())
