"""Generates the Python code of the wire contract, or checks that the committed code is up to date.

Usage: generated_code.py write | check [--root CHECKOUT]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

GENERATED = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


class GenerationError(RuntimeError):
    """protoc refused the .proto files; the message is its own."""


def generate(protos: Path, output: Path) -> None:
    """Generate the code of every .proto file below `protos` into `output`, in the same folders.

    Only a file with a service gets gRPC code. Raises GenerationError.
    """
    files = sorted(protos.rglob("*.proto"))
    services = [file for file in files if declares_service(file)]
    run_protoc(protos, files, [f"--python_out={output}", f"--mypy_out={output}"])
    run_protoc(protos, services, [f"--grpc_python_out={output}", f"--mypy_grpc_out={output}"])


def declares_service(proto: Path) -> bool:
    """Tell whether a .proto file declares a service."""
    return any(line.startswith("service ") for line in proto.read_text().splitlines())


def run_protoc(protos: Path, files: list[Path], outputs: list[str]) -> None:
    """Run protoc with the typing plug-ins of this environment, which need not be on PATH."""
    scripts = Path(sysconfig.get_path("scripts"))
    plugins = [f"--plugin={name}={scripts / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    names = [str(file.relative_to(protos)) for file in files]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", *plugins, *outputs, *names]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise GenerationError(finished.stderr.strip())


def generated_files(folder: Path) -> dict[Path, bytes]:
    """Read every generated file below `folder`, by its path in it."""
    paths = [path for pattern in GENERATED for path in folder.rglob(pattern)]
    return {path.relative_to(folder): path.read_bytes() for path in paths}


def differences(protos: Path) -> list[str]:
    """Compare the committed code with newly generated code; one sentence a file that differs."""
    with tempfile.TemporaryDirectory() as folder:
        generate(protos, Path(folder))
        expected = generated_files(Path(folder))
    found = generated_files(protos)
    stale = [f"{path} belongs to no .proto file" for path in found.keys() - expected.keys()]
    missing = [f"{path} is missing" for path in expected.keys() - found.keys()]
    changed = [
        f"{path} is not what its .proto file says"
        for path in expected.keys() & found.keys()
        if expected[path] != found[path]
    ]
    return sorted(stale + missing + changed)


def write(protos: Path) -> None:
    """Replace the committed code by newly generated code. Nothing is touched when protoc refuses."""
    with tempfile.TemporaryDirectory() as folder:
        generate(protos, Path(folder))
        expected = generated_files(Path(folder))
    for path in generated_files(protos).keys() - expected.keys():
        (protos / path).unlink()
    for path, content in expected.items():
        (protos / path).write_bytes(content)


def main() -> int:
    """Run from the command line; 0: done or no difference, 1: a difference or an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["write", "check"])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    protos = arguments.root / "protos"
    try:
        if arguments.action == "write":
            write(protos)
            return 0
        drift = differences(protos)
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 1
    for sentence in drift:
        print(f"protos/{sentence}", file=sys.stderr)
    if drift:
        print("Generated code and .proto files differ: `make protos`, then commit.", file=sys.stderr)
    return 1 if drift else 0


if __name__ == "__main__":
    sys.exit(main())
