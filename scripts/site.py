"""Makes the documentation a site: `site.py FOLDER` puts its sources there, and `zensical build --strict` does the rest.

The pages are those of `docs/`, with the README as the first. A file of the repository that one of them links to gets a
page of its own, so that the site needs nothing else; the wire contract is a page made from its `.proto` files, and the
Python client one that mkdocstrings makes from its docstrings.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import griffe

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
PROTOS = REPOSITORY / "protos" / "strategic_memory" / "v1"

_BESIDE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages that stand in the root of the repository, by what they are called in the site."""

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?")
_FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2\s*$", re.MULTILINE | re.DOTALL)
_LANGUAGES = {".py": "python", ".proto": "proto", ".rs": "rust", ".java": "java", ".yaml": "yaml", ".json": "json"}


def main(folder: Path) -> None:
    """Write the sources of the site into a folder, which is emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    shutil.copytree(DOCS / "pictures", pages / "pictures")
    linked: set[Path] = set()
    sources = {DOCS / each.name: each.name for each in DOCS.glob("*.md")}
    sources |= {REPOSITORY / name: page for name, page in _BESIDE.items()}
    for source, page in sources.items():
        (pages / page).write_text(_outside_code(source.read_text(), _links_of(source, sources, linked)))
    (pages / "wire.md").write_text(wire_page())
    (pages / "python.md").write_text(python_page())
    for target in sorted(linked):
        written = pages / _page_of(target)
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(file_page(target))
    shutil.copy(REPOSITORY / "zensical.toml", folder)


def _links_of(source: Path, sources: dict[Path, str], linked: set[Path]) -> Callable[[re.Match[str]], str]:
    """Return what rewrites a link of one page: to a page of the site, or to one that shows the file."""

    def rewritten(match: re.Match[str]) -> str:
        link, anchor = match[1], match[2] or ""
        target = (source.parent / link).resolve()
        if target in sources:
            return sources[target] + anchor
        if target.is_relative_to(DOCS / "pictures"):
            return target.relative_to(DOCS).as_posix()
        if not target.exists():
            raise SystemExit(f"{source.relative_to(REPOSITORY)} links to {link}, which is not there")
        linked.add(target)
        return _page_of(target)

    return rewritten


def _outside_code(text: str, rewritten: Callable[[re.Match[str]], str]) -> str:
    """Rewrite the links of a page, and leave blocks of code as they are."""
    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(rewritten, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(rewritten, text[end:])])


def _page_of(target: Path) -> str:
    return f"files/{target.relative_to(REPOSITORY).as_posix()}.md"


def file_page(target: Path) -> str:
    """Return a page that shows a file, or what a folder holds and the README in it."""
    name = target.relative_to(REPOSITORY).as_posix()
    if target.is_dir():
        inside = "\n".join(f"- `{each.relative_to(target).as_posix()}`" for each in _files_in(target))
        return f"# {name}\n\nIn the repository, this folder holds:\n\n{inside}\n"
    text = target.read_text()
    if target.suffix == ".md":
        return re.sub(r"\[([^\]]*)\]\((?![a-z]+:|#)[^)]*\)", r"\1", text)
    fence = "~" * 8
    return f"# {name}\n\n{fence} {_LANGUAGES.get(target.suffix, 'text')}\n{text.rstrip()}\n{fence}\n"


def _files_in(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file() and not each.name.endswith(("_pb2.py", ".pyi")))


def wire_page() -> str:
    """Return the wire contract as a page: each file as it is written, comments and all."""
    parts = ["# The wire", "Services and messages, as their `.proto` files say; see [the contract](contract.md)."]
    for file in sorted(PROTOS.glob("*.proto")):
        parts += [f"## {file.stem.replace('_', ' ')}", f"```proto\n{file.read_text().rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def python_page() -> str:
    """Return the page of the Python client: every public name by the module it lives in, the clients first."""
    client = griffe.load("strategic_memory_client")
    by_home: dict[str, list[str]] = {}
    for name in client.exports or ():
        home = client[str(name)].target_path.removesuffix(f".{name}").removeprefix(f"{client.path}.")
        by_home.setdefault(home, []).append(f"{client.path}.{name}")
    for room in ("synchronous", "asynchronous"):
        home = f"transports.{room}.admin"
        by_home["values.admin"] += [each.path for each in client[home].classes.values() if each.is_public]
    agents = client["rl"]
    by_home["rl"] = [f"{agents.path}.{name}" for name in agents.exports or ()]
    clients = ["client", "async_client", "rl"]
    used = "[Python client and command](client.md) shows how they are used, [Agents that learn](rl.md) the wrappers."
    parts = ["# The Python client", f"Every public name, from its docstring. {used}"]
    for home in [*clients, *sorted(by_home.keys() - set(clients), key=_titled)]:
        parts += [f"## {_titled(home)}", *(f"::: {path}" for path in by_home[home])]
    return "\n\n".join(parts) + "\n"


_TITLES = {"client": "With threads", "async_client": "In an event loop", "rl": "For agents that learn"}


def _titled(home: str) -> str:
    return _TITLES.get(home) or home.rpartition(".")[2].replace("_", " ").capitalize()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: site.py FOLDER")
    main(Path(sys.argv[1]))
