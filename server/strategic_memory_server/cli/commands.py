"""The commands of `strategic-memory-server`, each imported when it is asked for."""

from __future__ import annotations

from difflib import get_close_matches

import click

from strategic_memory_server.cli.installed import imported
from strategic_memory_server.cli.stopping import all_is_imported

_COMMANDS = {
    # In a package of its own, which may import the client library.
    "demo": ("strategic_memory_demo.command", "demo"),
    "doctor": ("strategic_memory_server.cli.doctor", "doctor"),
    "export": ("strategic_memory_server.cli.export_command", "export_memory"),
    "import": ("strategic_memory_server.cli.import_command", "import_past"),
    "new-token": ("strategic_memory_server.cli.new_token", "make_token"),
    "prepare-redis": ("strategic_memory_server.cli.prepare_redis", "prepare_redis"),
    "probe": ("strategic_memory_server.cli.probe", "probe"),
    "rebuild-memory": ("strategic_memory_server.cli.rebuild_memory", "rebuild_memory"),
    "regimes": ("strategic_memory_server.cli.regimes", "regimes"),
    "replay": ("strategic_memory_server.cli.replay", "replay"),
    "reproduce": ("strategic_memory_server.cli.reproduce_command", "reproduce_revision"),
    "serve": ("strategic_memory_server.cli.serve_command", "serve"),
    "shadow-report": ("strategic_memory_server.cli.shadow_report", "shadow_report"),
}
"""By name: the module, and what it is called there."""


class _ImportedWhenAsked(click.Group):
    """Spares each command the imports of the others: a tenth of the time that `serve` takes to start."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name; None when there is none, nor one with nearly that name."""
        if cmd_name not in _COMMANDS:
            # click looks for the nearest name among commands that are there already.
            for meant in get_close_matches(cmd_name, _COMMANDS, 1):
                ctx.fail(f"No such command '{cmd_name}'. Did you mean '{meant}'?")
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(imported(module), name)
        all_is_imported()
        return command


@click.group(cls=_ImportedWhenAsked, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="strategic-memory", prog_name="strategic-memory-server")
def app() -> None:
    """Tells trading programs what their own past has taught them."""
