"""Every command of README.md and docs/*.md fits the commands that there are, and is run where it can be."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from functools import partial
from pathlib import Path

import click
import pytest
import redis
from commands import Ended, run
from conftest import StartService
from documented_commands import OF_COMMANDS, OF_NO_COMMANDS, Command, blocks, commands
from patient_redis import PATIENT
from processes import ServiceProcess, command_path, eventually, find_tool, require_tool, service_environment
from records.expected import EXPORTS
from redis_inputs import add_regime, add_trade
from server.regimes.made_up_prices import RISING, STILL, closes_of
from system.test_documented_imports import write_past

from strategic_memory_client import ClientOptions, FeedbackStatus, StrategicMemoryClient
from strategic_memory_client.cli.application import app as client_app
from strategic_memory_server.cli.commands import app as server_app
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

OURS: dict[str, click.Command] = {"strategic-memory": client_app, "strategic-memory-server": server_app}
TOOLS = ("curl", "grpcurl", "jq", "python3", "redis-cli")

NOT_RUN = {
    r"make ": "takes minutes, and is what runs the tests",
    r"pip install ": "needs a package registry; tests/packaging/test_installation.py installs",
    r"kubectl |helm ": "needs a cluster; tests/packaging/test_helm_*.py render the chart",
    r"export \w+=": "sets a variable for what comes after it; tests/server/configuration has each",
    r".*strategic-memory-server serve": "runs until it is told to end; all tests of the service start it",
    r"strategic-memory-server prepare-redis ": "needs users of Redis; tests/system/test_prepare_redis.py",
    r"strategic-memory-server regimes --publish": "runs until Ctrl-C; tests/system/test_published_regimes.py",
    r"strategic-memory-server import trades.csv": "its screen is run: tests/system/test_documented_imports.py",
    r"strategic-memory-server replay (backtesting|nautilus_trader|vectorbt|jesse).csv|.* freqtrade.zip": (
        "its screen is run: tests/system/test_documented_summaries.py"
    ),
    r"redis-cli SUBSCRIBE": "runs until Ctrl-C; tests/server/revisions/test_stream_promises.py",
}
"""How a command begins that is not run here, and why. Those of ours have to fit the real flags all the same."""

PATIENTLY = "-max-time 30"
STREAMS_S = (1, 3, 9, 27)
"""How long grpcurl reads a stream; the first that is long enough for the machine, which may have much else to do."""

GAVE_UP = 68
"""How grpcurl ends that reads a stream, which has no end: with DEADLINE_EXCEEDED."""

SETTINGS = {
    "MEMORY_SYNC_INTERVAL": "0.1",
    "STRATEGIC_MEMORY_LEASE": "2",
    "STRATEGIC_MEMORY_PORTFOLIOS": "alpha",
    "STRATEGIC_MEMORY_PUBLIC": "admin",
    "STRATEGIC_MEMORY_SHADOW_RULES": "evidence",
    "STRATEGIC_MEMORY_VALIDITY": "30",
}
"""The service, and the commands that are given its settings: whoever asks may override; a shadow, another portfolio.

The doctor watches the lease for its length."""

_COMMENT = re.compile(r"\s+#.*")
_OF_A_SHELL = re.compile(r"""[^\w\s:/.,@%+='-]""")
_REFUSED_BY_REDIS = re.compile(r"^(?:ERR|WRONGTYPE|NOPERM|NOAUTH|NOSCRIPT)\b")

pytestmark = pytest.mark.system


def why_not_run(command: Command) -> str | None:
    return next((why for begin, why in NOT_RUN.items() if re.match(begin, command.text)), None)


def misfit(command: Command) -> str | None:
    """What a command of ours has that the real one has not; None where it fits."""
    program, *words = [word.replace("/backup/", "") for word in command.words]
    found: click.Command = OURS[program]
    context, name = None, str(program)
    words = [each for word in words for each in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]
    try:
        while True:
            context = found.make_context(name, list(words), parent=context)
            if not isinstance(found, click.Group):
                return None
            # A group leaves what comes after its own flags, however this version of click calls it.
            rest = words[next(number for number, word in enumerate(words) if not word.startswith("-")) :]
            called, inner, words = found.resolve_command(context, rest)
            assert called is not None
            assert inner is not None
            name, found = called, inner
    except click.exceptions.Exit as ended:
        return None if ended.exit_code == 0 else f"exit code {ended.exit_code}"
    except click.ClickException as error:
        return error.format_message()


def write_files(folder: Path) -> None:
    """Write the files that the pages name; what a file is says its content, not its name."""
    write_past(folder)
    closes = closes_of((STILL, 200), (RISING, 200)).tolist()
    days = [f"{1_700_000_000 + 86_400 * day},{close}" for day, close in enumerate(closes)]
    for name in ("prices.csv", "user_data/data/binance/BTC_USDT-1h.feather"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(["date,close", *days]) + "\n")
    shutil.copy(folder / "trades.csv", folder / "trades.parquet")
    for export in EXPORTS.iterdir():
        if export.is_file():
            shutil.copy(export, folder)
    shutil.copy(folder / "freqtrade.zip", folder / "backtest-result.zip")
    (folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (folder / "token").write_text("a-token\n")


def newer(asking: StrategicMemoryClient, than: int) -> int | None:
    found = asking.get_feedback().revision
    return found if found > than else None


def two_revisions(client: redis.Redis, service: ServiceProcess) -> int:
    """Write inputs, and more of them once they are advised upon; gives the number of the newest advice."""
    newest = 0
    with StrategicMemoryClient([service.grpc_address], options=ClientOptions(timeout_s=30.0)) as asking:
        for _ in range(2):
            for pnl in (0.4, 0.5, -0.1, 0.6):
                add_regime(client, "BULL", pnl)
                add_trade(client, "BULL", pnl)
            newest = eventually(partial(newer, asking, newest))
    return newest


def test_every_block_is_of_a_known_kind() -> None:
    unknown = [f"{each.page}:{each.line - 1}: {each.kind or 'no kind'}" for each in blocks()
               if each.kind not in (*OF_COMMANDS, *OF_NO_COMMANDS, "indented")]  # fmt: skip
    assert unknown == [], "write commands as ```console, or add the kind to OF_NO_COMMANDS and test what it shows"
    programs = [f"{each.place}: {each.text}" for each in commands()
                if not each.programs <= {*OURS, *TOOLS} and why_not_run(each) is None]  # fmt: skip
    assert programs == [], "no test runs this program: make it one of TOOLS, or say in NOT_RUN why it cannot be run"


def test_every_reason_not_to_run_is_needed() -> None:
    assert [begin for begin in NOT_RUN if not any(re.match(begin, each.text) for each in commands())] == []


def test_every_command_of_ours_has_the_flags_that_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    (tmp_path / "2026-11").mkdir()
    monkeypatch.chdir(tmp_path)
    ours = [each for each in commands() if each.words[0] in OURS]
    assert {each.words[0] for each in ours} == set(OURS)
    assert [f"{each.place}: {each.text}: {why}" for each in ours if (why := misfit(each))] == []


def places(service: ServiceProcess, server: EmbeddedRedis, newest: int) -> dict[str, str]:
    """What stands here for what is shown: where the service and Redis are, and the numbers of its advice."""
    return {
        "localhost:50051": service.grpc_address,
        "localhost:8001": service.http_address,
        "redis-cli ": f"{find_tool('redis-cli')} -p {server.port} ",
        "redis://elsewhere:6379/0": f"redis://127.0.0.1:{server.port}/1",
        "/backup/": "",
        "--out /tmp/report": "--out report",
        "strategic-memory watch": "strategic-memory watch --count 1",
        "grpcurl ": f"grpcurl {PATIENTLY} ",
        "411 412": f"{newest - 1} {newest}",
        "--from 400": f"--from {newest - 1}",
        "explain 411": f"explain {newest - 1}",
        "--revision 4711": f"--revision {newest}",
        "--replace 7": "--replace 1",
        "--replace 9": "--replace 3",
        '"resume_after_revision": 41': f'"resume_after_revision": {newest - 1}',
    }


def test_the_quickstart_leads_to_advice(start_service: StartService, redis_server: EmbeddedRedis) -> None:
    (program,) = (each for each in blocks() if (each.page, each.kind) == ("docs/quickstart.md", "python"))
    environment = service_environment({"REDIS_URL": redis_server.url})
    service = start_service(env=SETTINGS)
    subprocess.run([command_path("python"), "-c", "\n".join(program.lines)], env=environment, timeout=60, check=True)
    with StrategicMemoryClient([service.grpc_address], options=ClientOptions(timeout_s=30.0)) as asking:
        eventually(lambda: asking.get_feedback().status is FeedbackStatus.ACTIVE, what="advice")


def environment_for(service: ServiceProcess, server: EmbeddedRedis, folder: Path) -> dict[str, str]:
    tools = [command_path("python"), *(path for tool in TOOLS if (path := find_tool(tool)))]
    addresses = {
        "PATH": os.pathsep.join([*(str(Path(tool).parent) for tool in tools), os.environ["PATH"]]),
        "REDIS_URL": server.url,
        "STRATEGIC_MEMORY_GRPC_ADDRESS": service.grpc_address,
        "STRATEGIC_MEMORY_HTTP_ADDRESS": service.http_address,
        "STRATEGIC_MEMORY_CONTEXTS": str(folder / "contexts.json"),
    }
    return service_environment({**SETTINGS, **PATIENT, **addresses})


def run_as_shown(text: str, folder: Path, environment: dict[str, str]) -> Ended:
    """Run a command as a reader does: in a shell, unless it is one of ours and asks no more of a shell than words."""
    plain = _COMMENT.sub("", text)
    if not _OF_A_SHELL.search(plain) and (words := shlex.split(plain))[0] in OURS:
        return run(*words, environment=environment, folder=folder)
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", text], env=environment, cwd=folder, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def fault(text: str, folder: Path, environment: dict[str, str]) -> str | None:
    """Run a command; what is wrong with how it ended, None where nothing is."""
    if "/StreamFeedback" in text:
        return fault_of_stream(text, folder, environment)
    ended = run_as_shown(text, folder, environment)
    return None if ended.code == 0 and not _REFUSED_BY_REDIS.match(ended.out) else shown_of(ended)


def fault_of_stream(text: str, folder: Path, environment: dict[str, str]) -> str | None:
    """Read a stream for longer and longer until it says something; what is wrong with how that ended."""
    shown = ""
    for seconds in STREAMS_S:
        ended = run_as_shown(text.replace(PATIENTLY, f"-max-time {seconds}"), folder, environment)
        if ended.code == GAVE_UP and ended.out:
            return None
        shown = shown_of(ended)
    return f"the stream said nothing, or ended: {shown}"


def shown_of(ended: Ended) -> str:
    return f"exit code {ended.code}\n{ended.out[-1000:]}{ended.err[-1000:]}"


def test_every_command_that_can_be_run_ends_as_it_should(
    start_service: StartService, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    write_files(tmp_path)
    service = start_service(env=SETTINGS)
    with redis.Redis.from_url(redis_server.url) as client:
        instead = places(service, redis_server, two_revisions(client, service))
    environment = environment_for(service, redis_server, tmp_path)
    # The context `other` of docs/client.md, which its reader has; that page puts another one in use, for itself alone.
    assert fault(f"strategic-memory context add other --address {service.grpc_address}", tmp_path, environment) is None
    contexts, page = (tmp_path / "contexts.json").read_bytes(), ""

    shown = [each for each in commands() if why_not_run(each) is None]
    # What an operator has set, the doctor of other pages would tell.
    shown.sort(key=lambda each: each.place.startswith("docs/overrides.md"))
    assert [what for what in instead if not any(what in each.text for each in shown)] == []
    faults = []
    for each in shown:
        if page != (page := each.place.partition(":")[0]):
            (tmp_path / "contexts.json").write_bytes(contexts)
        text = each.before + each.text
        for what, real in instead.items():
            text = text.replace(what, real)
        if each.programs <= {*OURS, *filter(find_tool, TOOLS)} and (why := fault(text, tmp_path, environment)):
            faults.append(f"{each.place}: {text}: {why}")
    assert not faults, "\n".join(faults)
    for tool in TOOLS:
        require_tool(tool)
