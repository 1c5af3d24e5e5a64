"""The report of a replay in a real browser: its tables sort, by keyboard too; without script all is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.browser import open_browser, refused_by_policy, violations
from replay_files import random_rows, write_csv
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from strategic_memory_server.replay.command import run_replay
from strategic_memory_server.replay.judging.options import ReplayOptions

pytestmark = [pytest.mark.system, pytest.mark.processes]

UPWARDS, DOWNWARDS, AS_IT_WAS = "ascending", "descending", "none"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report: trades of three regimes, and one trade of a regime that is called as markup."""
    folder = tmp_path_factory.mktemp("report")
    record = write_csv(folder / "record.csv", random_rows(11, 900))
    lone = folder / "lone.csv"
    lone.write_text("time,regime,realized_pnl,policy\n1700000000,<img src=x>,-1234.5,BALANCED\n")
    assert run_replay(ReplayOptions(files=(record, lone), out=folder), quiet=True) == 0
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with open_browser() as chromium:
        yield chromium


def table_under(browser: webdriver.Chrome, heading: str) -> WebElement:
    return browser.find_element(By.XPATH, f"//h2[.='{heading}']/following::table[1]")


def column(table: WebElement, heading: str) -> list[str]:
    names = [each.text for each in table.find_elements(By.CSS_SELECTOR, "thead th")]
    cells = table.find_elements(By.CSS_SELECTOR, f"tbody tr td:nth-child({names.index(heading) + 1})")
    return [each.text for each in cells]


def number(written: str) -> float:
    return float(written.replace(",", "").split(" to ")[0].rstrip("%"))


@pytest.mark.parametrize("heading", ["mean pnl", "95 % interval", "won", "trades"])
def test_figures_sort_as_numbers_and_absent_ones_stay_last(
    heading: str, browser: webdriver.Chrome, report: str
) -> None:
    browser.get(report)
    table = table_under(browser, "Trades as recorded, by regime and policy")
    given = column(table, heading)
    present = [each for each in given if each != "-"]
    absent = ["-"] * (len(given) - len(present))
    button = table.find_element(By.XPATH, f".//th[contains(., '{heading}')]/button")
    for way, expected in (
        (UPWARDS, [*sorted(present, key=number), *absent]),
        (DOWNWARDS, [*sorted(present, key=number, reverse=True), *absent]),
        (AS_IT_WAS, given),
    ):
        button.send_keys(Keys.ENTER)
        assert [each.get_attribute("aria-sort") for each in table.find_elements(By.TAG_NAME, "th")].count(way) >= 1
        assert button.find_element(By.XPATH, "..").get_attribute("aria-sort") == way
        assert column(table, heading) == expected, way


def test_rows_move_whole_names_are_text_and_nothing_is_wrong_with_it(browser: webdriver.Chrome, report: str) -> None:
    browser.get(report)
    table = table_under(browser, "Trades as recorded, by regime and policy")
    before = {each.text for each in table.find_elements(By.CSS_SELECTOR, "tbody tr")}
    assert violations(browser) == []
    table.find_element(By.XPATH, ".//th[1]/button").click()
    assert column(table, "regime") == sorted(column(table, "regime"))
    assert {each.text for each in table.find_elements(By.CSS_SELECTOR, "tbody tr")} == before
    assert "<IMG SRC=X>" in column(table, "regime")
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert violations(browser) == []
    assert refused_by_policy(browser) == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_no_other_script_runs_in_it(browser: webdriver.Chrome, report: str) -> None:
    browser.get(report)
    browser.execute_script(
        "document.body.append(document.createRange().createContextualFragment("
        "'<script>document.title = \"other\"</script>'))"
    )
    assert browser.title == "Strategic memory: replay"
    assert len(refused_by_policy(browser)) == 1


def test_without_script_everything_is_there_in_the_order_given(report: str) -> None:
    with open_browser("--blink-settings=scriptEnabled=false") as still:
        still.get(report)
        assert still.find_elements(By.TAG_NAME, "button") == []
        table = table_under(still, "Rules compared")
        assert column(table, "rule")[0] == "reference"
        assert table.find_elements(By.CSS_SELECTOR, "[aria-sort]") == []
