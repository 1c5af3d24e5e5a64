"""`make screenshots`: pictures of the page in each state and of the terminal; two of them are those of the README."""

from __future__ import annotations

import io
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import redis
from browser.browser import open_browser, text_of
from browser.made_up_market import made_up_past
from processes import REPOSITORY, ServiceProcess, command_path, eventually, service_environment
from redis_inputs import add_entry, add_trade, trade_stream
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from selenium import webdriver

from strategic_memory_client import StrategicMemoryClient
from strategic_memory_client.cli.live_state import LiveState
from strategic_memory_client.cli.live_view import live_view
from strategic_memory_client.cli.past_revisions import revisions_from
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

IN_DOCS = REPOSITORY / "docs" / "pictures"
VALIDITY = {"STRATEGIC_MEMORY_VALIDITY": "8", "STRATEGIC_MEMORY_LEASE": "1", "STRATEGIC_MEMORY_PUBLIC": "admin"}
PHONE = {"width": 360, "height": 780, "deviceScaleFactor": 2, "mobile": True}
REVISIONS = 60
FEWEST = 2
PLAIN_SVG = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""As rich draws a terminal, with the fonts of whoever looks."""

STATE = "quantum:feedback:strategic_memory:state"


def main(folder: Path) -> None:
    """Write all pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        EmbeddedRedis() as server,
        redis.Redis.from_url(server.url) as client,
        service_on(client, server.url) as service,
    ):
        with open_browser() as browser:
            browser.set_window_size(1180, 1400)
            browser.get(f"http://{service.http_address}/")
            wait_for(browser, "status", "WARMING UP")
            wait_for(browser, "evidence", "no trades")
            take(browser, folder / "page-empty.png")
            add_entry(client, trade_stream(), market_regime="BULL", realized_pnl="np.float64(0.3)")
            add_entry(client, trade_stream(), market_regime="BULL", realized_pnl="NaN")
            add_trade(client, "BULL", 0.25)
            wait_for(browser, "problems", "NaN")
            wait_for(browser, "regimes", "BULL")
            take(browser, folder / "page-warming-up.png")
            for step, write in enumerate(made_up_past(client, REVISIONS)):
                write()
                if step >= FEWEST:
                    eventually(partial(is_beyond, client, step - FEWEST), what="a revision of its own for each step")
            wait_for(browser, "status", "ACTIVE")
            wait_for(browser, "transitions", "VOLATILE")
            wait_for(browser, "history-summary", f"revisions, up to {client.hget(STATE, 'revision').decode()}")
            take(browser, folder / "page-live.png")
            browser.set_window_size(1180, 3300)
            take(browser, folder / "page-live-whole.png")
            browser.set_window_size(1180, 1400)
            terminal(service, folder)
            command = [command_path("strategic-memory"), "admin", "set", "--leverage", "0.5", "--for", "1h"]
            command += ["--reason", "exchange degraded", "-a", service.grpc_address]
            subprocess.run(command, check=True, capture_output=True, timeout=30)
            wait_for(browser, "hand", "leverage at most 0.5")
            take(browser, folder / "page-override.png")
            service.send_signal(signal.SIGSTOP)
            wait_for(browser, "validity", "STALE")
            take(browser, folder / "page-stale.png")
            service.send_signal(signal.SIGCONT)
            wait_for(browser, "status", "ACTIVE")
            eventually(lambda: text_of(browser, "alarm") == "", 60)
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
            take(browser, folder / "page-phone.png")
        with open_browser("--blink-settings=preferredColorScheme=0") as browser:
            browser.set_window_size(1180, 1400)
            browser.get(f"http://{service.http_address}/")
            wait_for(browser, "regimes", "BULL")
            wait_for(browser, "history-summary", "revisions, up to")
            take(browser, folder / "page-dark.png")
    IN_DOCS.mkdir(exist_ok=True)
    shutil.copy(folder / "page-live.png", IN_DOCS / "page.png")
    shutil.copy(folder / "terminal-80x24.svg", IN_DOCS / "terminal.svg")


def is_beyond(client: redis.Redis, revision: int) -> bool:
    """Tell whether more than so many revisions were published."""
    return int(client.hget(STATE, "revision") or 0) > revision


@contextmanager
def service_on(client: redis.Redis, url: str) -> Iterator[ServiceProcess]:
    """A service of its own, on a Redis that keeps what it holds, as one in use does."""
    client.config_set("save", "3600 1")
    with tempfile.TemporaryDirectory() as folder:
        settings = {"REDIS_URL": url, "MEMORY_SYNC_INTERVAL": "0.5", **VALIDITY}
        service = ServiceProcess(Path(folder), service_environment(settings), (), anew=True)
        try:
            service.ready_line()
            yield service
        finally:
            service.kill()


def wait_for(browser: webdriver.Chrome, place: str, words: str) -> None:
    """Wait until a part of the page has some words."""
    eventually(lambda: words in text_of(browser, place), 60, what=f"{words!r} in #{place}")


def take(browser: webdriver.Chrome, file: Path) -> None:
    """Write a picture of what the window shows."""
    browser.save_screenshot(str(file))
    sys.stdout.write(f"{file}\n")


def terminal(service: ServiceProcess, folder: Path) -> None:
    """Write pictures of the live view, as a small terminal and a large one show it."""
    state = LiveState()
    with StrategicMemoryClient(service.grpc_address) as client:
        state.analysis = client.analyze().analysis
        for event in client.stream_events():
            state.take(event, datetime.now(UTC))
            break
        state.recall(revisions_from(client))
    for width, height in ((80, 24), (200, 60)):
        console = Console(width=width, height=height, record=True, force_terminal=True, file=io.StringIO())
        console.print(live_view(state, datetime.now(UTC), width, height))
        file = folder / f"terminal-{width}x{height}.svg"
        file.write_text(console.export_svg(title="strategic-memory watch", code_format=PLAIN_SVG))
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "build" / "screenshots")
