"""The list of portfolios and the page of each, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from browser.browser import open_browser, refused_by_policy, text_of, violations
from conftest import StartService
from processes import eventually
from redis_inputs import add_regime
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

pytestmark = [pytest.mark.system, pytest.mark.processes]

BROWSER_S = 60.0


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with open_browser() as chromium:
        yield chromium


def shows(browser: webdriver.Chrome, place: str, words: str) -> None:
    """Wait until a part of the page has some words."""
    eventually(lambda: words in text_of(browser, place), BROWSER_S, what=f"{words!r} in #{place}")


def is_clicked(browser: webdriver.Chrome, name: str) -> bool:
    """Click a portfolio in the list, which is written anew every few seconds: the link may be gone by then."""
    try:
        browser.find_element(By.LINK_TEXT, name).click()
    except StaleElementReferenceException:
        return False
    return True


def test_each_portfolio_has_a_page_and_all_are_listed(
    browser: webdriver.Chrome, start_service: StartService, redis_client: redis.Redis, tmp_path: Path
) -> None:
    file = tmp_path / "portfolios.toml"
    file.write_text("[portfolios.alpha]\n[portfolios.beta]\n")
    service = start_service(env={"STRATEGIC_MEMORY_PORTFOLIO_FILE": str(file), "STRATEGIC_MEMORY_VALIDITY": "120"})
    for portfolio, regime in (("alpha", "BULL"), ("beta", "BEAR")):
        for _ in range(4):
            add_regime(redis_client, regime, 0.3, prefix=f"quantum:{portfolio}", entry_id="*")
    browser.get(f"http://{service.http_address}/")
    shows(browser, "status", "WARMING UP")
    shows(browser, "which", "Portfolio the default one, of 3")
    shows(browser, "portfolios", "beta ACTIVE BEAR")
    assert violations(browser) == []
    eventually(lambda: is_clicked(browser, "alpha"), BROWSER_S)
    shows(browser, "status", "ACTIVE")
    shows(browser, "preferred", "BULL")
    shows(browser, "regimes", "BULL")
    shows(browser, "which", "Portfolio alpha, of 3")
    assert "BEAR" not in text_of(browser, "regimes"), "each has a memory of its own"
    assert browser.title.startswith("alpha")
    assert violations(browser) == []
    file.write_text("[portfolios.beta]\n")
    shows(browser, "alarm", "has no advice for this page (there is no portfolio alpha here")
    shows(browser, "preferred", "CONSERVATIVE")
    shows(browser, "status", "STALE")
    browser.get(f"http://{service.http_address}/?portfolio=%3Cb%3E")
    shows(browser, "status", "portfolio: is no name")
    assert refused_by_policy(browser) == []
