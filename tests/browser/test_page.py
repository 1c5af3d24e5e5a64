"""The page as a person meets it, in a real browser with a real service and a real Redis."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import redis
from access_tokens import access_of_one_reader
from browser.browser import open_browser, refused_by_policy, text_of, violations
from client.command_line import run
from conftest import StartService
from faults.free_ports import HOST, free_port
from faults.tcp_proxy import TcpProxy
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = [pytest.mark.system, pytest.mark.processes]

POLICIES = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")
TWO_MINUTES_LATER = "const now = Date.now; Date.now = () => now() + 120_000"
COUNTS_ALARMS = """
window.alarms = 0;
const counted = new MutationObserver((changes) => (window.alarms += changes.length));
counted.observe(document.getElementById("alarm"), { childList: true, characterData: true, subtree: true });
"""
ONE_OLDER_ANSWER = """
const [fetched, older] = [window.fetch, window.fetch("/page/revisions").then((answer) => answer.text())];
window.fetch = async (path, ...how) => {
  if (window.tookOlder || !String(path).startsWith("/page/revisions")) return fetched(path, ...how);
  window.tookOlder = true;
  return new Response(await older);
};
return older;
"""
# A browser on a busy machine takes its time.
BROWSER_S = 60.0


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with open_browser() as chromium:
        yield chromium


def fill(client: redis.Redis) -> None:
    for number in range(30):
        add_regime(client, ("BULL", "RANGE")[number % 3 == 0], 0.4 - 0.1 * (number % 4))
        add_trade(
            client,
            ("BULL", "RANGE")[number % 3 == 0],
            0.3 - 0.2 * (number % 2) + 0.1 * (number % 3),
            policy=POLICIES[number % 3],
        )


def shows(browser: webdriver.Chrome, place: str, words: str) -> None:
    """Wait until a part of the page has some words."""
    eventually(lambda: words in text_of(browser, place), BROWSER_S, what=f"{words!r} in #{place}")


def is_other(browser: webdriver.Chrome, place: str, before: str) -> bool:
    return text_of(browser, place) != before


def leverage_in(browser: webdriver.Chrome, place: str) -> float:
    """Return the leverage that one of the cards shows."""
    return float(text_of(browser, place).split("Leverage\n")[1].split("\n")[0])


def look_at(browser: webdriver.Chrome, service: ServiceProcess) -> None:
    browser.get(f"http://{service.http_address}/")


def test_it_shows_the_advice_and_each_change_and_nothing_is_wrong_with_it(
    browser: webdriver.Chrome, start_service: StartService, redis_client: redis.Redis
) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": "120"})
    look_at(browser, service)
    shows(browser, "status", "WARMING UP")
    fill(redis_client)
    shows(browser, "status", "ACTIVE")
    shows(browser, "preferred", "BULL")
    shows(browser, "regimes", "AGGRESSIVE")
    shows(browser, "evidence", "BULL BALANCED")
    shows(browser, "transitions", "BULL")
    shows(browser, "inputs", "stream:trade.results")
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.4}')
    shows(browser, "preferred", "risk:leverage_limits, at most 0.4")
    shows(browser, "history-summary", "revisions, up to")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".chart canvas")) == 4
    assert violations(browser) == []
    add_trade(redis_client, "<img src=x>", 0.9)
    for _ in range(60):
        add_regime(redis_client, "<img src=x>", 3.0)
    shows(browser, "preferred", "<IMG SRC=X>")
    assert browser.find_elements(By.TAG_NAME, "img") == []
    redis_client.xadd("quantum:stream:trade.results", {"market_regime": "BULL", "realized_pnl": "n/a"})
    shows(browser, "inputs", "such as “n/a”")
    assert refused_by_policy(browser) == []


def test_what_another_worker_has_yet_to_read_is_asked_for_again(
    browser: webdriver.Chrome, start_service: StartService, redis_client: redis.Redis
) -> None:
    fill(redis_client)
    look_at(browser, start_service(env={"STRATEGIC_MEMORY_VALIDITY": "1200"}))
    shows(browser, "history-summary", ", up to")
    older = json.loads(browser.execute_script(ONE_OLDER_ANSWER))["revision"][-1]
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.4}')
    eventually(lambda: browser.execute_script("return window.tookOlder"), BROWSER_S, what="an answer of before")

    def newest() -> int:
        return int(text_of(browser, "history-summary").split("up to ")[1].split(":")[0])

    eventually(lambda: newest() > older, BROWSER_S, what="the revision that has come")


def test_of_very_many_regimes_the_matrix_shows_those_that_are_seen_most(
    browser: webdriver.Chrome, start_service: StartService, redis_client: redis.Redis
) -> None:
    for number in range(30):
        for regime in (f"R{number:02}", "BULL", "RANGE"):
            add_regime(redis_client, regime, 0.1)
    service = start_service(env={"STRATEGIC_MEMORY_REGIME_WINDOW": "100"})
    look_at(browser, service)
    shows(browser, "transitions-note", "Shown are 12 of 32 regimes")
    headings = text_of(browser, "transitions").split("\n")[0]
    assert "BULL" in headings
    assert "RANGE" in headings
    assert len(browser.find_elements(By.CSS_SELECTOR, "#transitions tbody tr")) == 12
    assert len(browser.find_elements(By.CSS_SELECTOR, "#transitions thead th")) == 12 + 3


def test_it_says_so_when_the_service_goes_away_and_is_back_by_itself(
    browser: webdriver.Chrome, start_service: StartService, redis_client: redis.Redis
) -> None:
    fill(redis_client)
    add_regime(redis_client, "BEAR", -0.2)
    # A port that the kernel had drawn could be drawn for another process while the service is away.
    listens = {"STRATEGIC_MEMORY_HTTP_ADDRESS": f"{HOST}:{free_port()}"}
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": "4", "STRATEGIC_MEMORY_LEASE": "1", **listens})
    look_at(browser, service)
    shows(browser, "status", "ACTIVE")
    shows(browser, "current", "BEAR")
    assert (said := leverage_in(browser, "current")) < 1
    service.send_signal(signal.SIGSTOP)
    shows(browser, "alarm", "No contact with the service")
    shows(browser, "alarm", "act as if it said CONSERVATIVE, confidence 0 and leverage")
    shows(browser, "preferred", "CONSERVATIVE")
    shows(browser, "validity", "STALE")
    assert leverage_in(browser, "current") == said, "what holds no more lifts no leverage"
    assert violations(browser) == []
    service.send_signal(signal.SIGCONT)
    shows(browser, "status", "ACTIVE")
    eventually(lambda: text_of(browser, "alarm") == "", BROWSER_S)
    service.kill()
    shows(browser, "alarm", "No contact with the service")
    start_service(env=listens)
    shows(browser, "status", "ACTIVE")
    eventually(lambda: text_of(browser, "alarm") == "", BROWSER_S)


def test_a_cut_network_is_not_waited_for_and_what_passed_while_it_slept_counts(
    browser: webdriver.Chrome, start_service: StartService, redis_client: redis.Redis
) -> None:
    fill(redis_client)
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": "1200"})
    with TcpProxy(service.http_address) as network:
        browser.get(f"http://{network.address}/")
        shows(browser, "status", "ACTIVE")
        network.stall()
        shows(browser, "alarm", "No contact with the service")
        tried = network.accepted
        eventually(lambda: network.accepted > tried, BROWSER_S, what="another connection")
        network.heal()
        eventually(lambda: text_of(browser, "alarm") == "", BROWSER_S)
        service.send_signal(signal.SIGSTOP)
        shows(browser, "alarm", "it is silent")
        browser.execute_script(COUNTS_ALARMS)
        for _ in range(2):
            before = text_of(browser, "validity")
            browser.execute_script(TWO_MINUTES_LATER)
            eventually(partial(is_other, browser, "validity", before), BROWSER_S)
        assert browser.execute_script("return window.alarms") == 0, "each change of it is read out to who cannot see"
        shows(browser, "alarm", "What it said last holds until 20")
        service.send_signal(signal.SIGCONT)
        eventually(lambda: text_of(browser, "alarm") == "", BROWSER_S)
        # A machine that slept has its time of day moved on, and nothing else.
        service.send_signal(signal.SIGSTOP)
        shows(browser, "alarm", "No contact with the service")
        shows(browser, "status", "ACTIVE")
        browser.execute_script("const now = Date.now; Date.now = () => now() + 3_600_000")
        shows(browser, "status", "STALE")
        shows(browser, "preferred", "CONSERVATIVE")
        service.send_signal(signal.SIGCONT)
        shows(browser, "status", "ACTIVE")
        eventually(lambda: text_of(browser, "alarm") == "", BROWSER_S)


def test_it_says_so_when_redis_goes_away(
    browser: webdriver.Chrome, start_service: StartService, fresh_redis: EmbeddedRedis
) -> None:
    with redis.Redis.from_url(fresh_redis.url) as client:
        fill(client)
    service = start_service(fresh_redis.url, env={"STRATEGIC_MEMORY_VALIDITY": "120"})
    look_at(browser, service)
    shows(browser, "status", "ACTIVE")
    fresh_redis.kill()
    shows(browser, "alarm", "cannot read or write Redis")
    shows(browser, "alarm", "What it said holds until")
    fresh_redis.start()
    eventually(lambda: text_of(browser, "alarm") == "", BROWSER_S)


@pytest.mark.parametrize("switches", [(), ("--blink-settings=preferredColorScheme=0",)], ids=["light", "dark"])
def test_it_fits_a_phone_and_needs_no_mouse(
    switches: tuple[str, ...], start_service: StartService, redis_client: redis.Redis
) -> None:
    fill(redis_client)
    service = start_service()
    with open_browser(*switches) as phone:
        phone.set_window_size(500, 900)
        # Windows have a least width; the screen of a phone is emulated.
        phone.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 780, "deviceScaleFactor": 1, "mobile": True}
        )
        look_at(phone, service)
        shows(phone, "status", "ACTIVE")
        shows(phone, "regimes", "BULL")
        assert phone.execute_script("return document.documentElement.scrollWidth") <= 360
        dark = phone.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
        assert dark is bool(switches)
        assert violations(phone) == []
        reached = []
        for _ in range(16):
            phone.switch_to.active_element.send_keys(Keys.TAB)
            focused = phone.switch_to.active_element
            reached.append(focused.get_attribute("aria-labelledby") or focused.text)
        assert reached[0] == "To the advice"
        assert {"regimes-title", "evidence-title", "transitions-title", "worth-title", "inputs-title"} <= set(reached)


def test_a_token_is_asked_for_where_callers_are_known(
    browser: webdriver.Chrome, start_service: StartService, redis_client: redis.Redis, tmp_path: Path
) -> None:
    token, file = access_of_one_reader(tmp_path)
    fill(redis_client)
    service = start_service(env={"STRATEGIC_MEMORY_ACCESS_FILE": str(file)})
    look_at(browser, service)
    shows(browser, "login", "Token")
    assert violations(browser) == []
    browser.find_element(By.ID, "token").send_keys(token, Keys.ENTER)
    shows(browser, "status", "ACTIVE")
    eventually(lambda: text_of(browser, "login") == "", BROWSER_S)
    assert token not in browser.page_source


def test_what_an_operator_has_set_is_told_before_all_else(
    browser: webdriver.Chrome, start_service: StartService, redis_client: redis.Redis
) -> None:
    fill(redis_client)
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": "120", "STRATEGIC_MEMORY_PUBLIC": "admin"})
    look_at(browser, service)
    shows(browser, "status", "ACTIVE")
    assert text_of(browser, "hand") == ""
    reason = ["--for", "1h", "--reason", "<b>exchange</b> degraded"]
    done = run("admin", "set", "--policy", "conservative", "--leverage", "0.4", *reason, "-a", service.grpc_address)
    assert (done.code, done.err) == (0, "")
    shows(browser, "hand", "has set policy at most CONSERVATIVE and leverage at most 0.4 until")
    shows(browser, "hand", "<b>exchange</b> degraded")
    shows(browser, "hand", "The rules say")
    assert leverage_in(browser, "preferred") == 0.4
    assert violations(browser) == []
    assert run("admin", "clear", "--replace", "1", "--reason", "over", "-a", service.grpc_address).code == 0
    eventually(lambda: text_of(browser, "hand") == "", BROWSER_S)
