"""A real browser without a window, and what a person would look for in the page."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from processes import REPOSITORY, do_without, require_tool
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

AXE = "axe-core@4.14.1"
_SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
)


@contextmanager
def open_browser(*switches: str) -> Iterator[webdriver.Chrome]:
    """Start Chromium; the test is skipped, or fails, where there is none."""
    options = webdriver.ChromeOptions()
    options.binary_location = require_tool("chromium")
    for switch in (*_SWITCHES, *switches):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(require_tool("chromedriver")))
    try:
        browser.set_window_size(1280, 900)
        browser.set_page_load_timeout(60)
        browser.set_script_timeout(60)
        yield browser
    finally:
        browser.quit()


def text_of(browser: webdriver.Chrome, place: str) -> str:
    """Return what a person reads in a part of the page; empty for one that is hidden."""
    return browser.find_element(By.ID, place).text


def refused_by_policy(browser: webdriver.Chrome) -> list[str]:
    """Return what the browser has said about the policy of the page, or about a fault in its scripts."""
    log: list[dict[str, Any]] = browser.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium types part of it.
    said = [str(line["message"]) for line in log]
    return [line for line in said if "Content Security Policy" in line or "Uncaught" in line or "SyntaxError" in line]


def axe() -> str:
    """Return the source of axe-core, fetched once."""
    folder = REPOSITORY / ".tools" / "axe" / AXE.rpartition("@")[2]
    source = folder / "axe.min.js"
    if not source.exists():
        require_tool("npm")
        done = subprocess.run(
            [REPOSITORY / "scripts" / "file-of-npm", AXE, folder, "axe.min.js"],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if done.returncode:
            do_without("registry", f"{AXE} cannot be fetched: {done.stderr[-200:]}")
    return Path(source).read_text()


def violations(browser: webdriver.Chrome) -> list[str]:
    """Return what axe-core finds wrong with the page as it is shown now, one line each."""
    browser.execute_script(axe())
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run().then((found) => done(found.violations.map("
        "(each) => `${each.id}: ${each.nodes.map((node) => node.html).join(' ')}`)));"
    )
    return [str(line)[:500] for line in found]
