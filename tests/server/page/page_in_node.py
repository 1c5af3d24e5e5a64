"""Runs parts of the page in Node, on a document that keeps what is put into it."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

from processes import require_tool

_DOCUMENT = """
globalThis.Node = class {
  children = [];
  append(...more) { this.children.push(...more); }
  replaceChildren(...more) { this.children = more; }
  setAttribute() {}
  addEventListener() {}
};
const places = {};
globalThis.document = { createElement: () => new Node(), getElementById: (id) => (places[id] ??= new Node()) };
"""


def said_by(script: str, modules: tuple[str, ...], asked: object, folder: Path) -> Any:  # noqa: ANN401  what JSON has
    """Run a script of a module beside some of the page's, and return what it writes, as JSON.

    Args:
        script: reads what it is asked as JSON from its standard input; `places` are the elements of the document.
        modules: those that it imports, and theirs.
        asked: what it is asked.
        folder: an empty one.
    """
    node = require_tool("node")
    for name in modules:
        shutil.copy(str(resources.files("strategic_memory_server.page") / "static" / f"{name}.js"), folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "document.js").write_text(_DOCUMENT.replace("const places", "export const places"))
    (folder / "script.js").write_text(f'import {{ places }} from "./document.js";\n{script}')
    done = subprocess.run(
        [node, folder / "script.js"], input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
