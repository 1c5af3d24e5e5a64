"""The page over HTTP: what everybody gets, what only those who may read get, and how many pages there may be."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from itertools import islice
from pathlib import Path

import httpx
import pytest
import redis
from access_tokens import access_of_one_reader
from conftest import StartService
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_inputs import add_regime

pytestmark = pytest.mark.processes

FILES = ("page.js", "charts.js", "sections.js", "writing.js", "page.css", "vendor/uPlot.iife.min.js")
MOST_PAGES = 64
ENDED_WITHIN = 30
PATIENCE_S = 30.0
"""Longest wait for anything that the service says: a busy machine may let it stand still for seconds."""
DATA = ("now", "revisions", "memory")


def url(service: ServiceProcess, path: str) -> str:
    return f"http://{service.http_address}{path}"


def get(service: ServiceProcess, path: str, **headers: str) -> httpx.Response:
    return httpx.get(url(service, path), headers=headers, timeout=PATIENCE_S)


def events(client: httpx.Client, address: str, **headers: str) -> Iterator[dict[str, object]]:
    with client.stream("GET", address, headers=headers, timeout=PATIENCE_S) as answer:
        assert answer.status_code == HTTPStatus.OK
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def test_nothing_of_it_may_come_from_or_go_elsewhere(start_service: StartService) -> None:
    service = start_service(env=PATIENT)
    for path in ("/", *(f"/page/{name}" for name in FILES), "/page/revisions"):
        answer = get(service, path)
        assert answer.status_code == HTTPStatus.OK, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
        assert "http://" not in answer.text.replace("http://www.w3.org/", "") or path.startswith("/page/vendor")
    assert get(service, "/", host="rebound.example").status_code == HTTPStatus.MISDIRECTED_REQUEST
    assert "style=" not in get(service, "/").text


def test_a_change_is_told_and_markup_stays_text(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service()
    with httpx.Client() as client:
        told = events(client, url(service, "/page/now"))
        first = next(told)
        assert first["now"]["feedback"]["status"] == "FEEDBACK_STATUS_WARMING_UP"  # type: ignore[index]
        for _ in range(3):
            add_regime(redis_client, "<b>bull</b>", 0.4)
        found = next(each for each in told if "now" in each and '"revision"' in json.dumps(each["now"]["feedback"]))  # type: ignore[index]
        assert found["now"]["feedback"]["preferred_regime"] == "<B>BULL</B>"  # type: ignore[index]


def test_without_redis_what_is_behind_the_advice_is_refused_in_a_sentence(start_service: StartService) -> None:
    service = start_service("redis://127.0.0.1:1/0")
    answer = get(service, "/page/memory")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "memory" in answer.json()["failure"]


def test_what_it_shows_needs_a_token_where_callers_are_known(start_service: StartService, tmp_path: Path) -> None:
    token, access = access_of_one_reader(tmp_path)
    service = start_service(env={"STRATEGIC_MEMORY_ACCESS_FILE": str(access)})
    assert get(service, "/").status_code == HTTPStatus.OK
    assert get(service, "/page/page.js").status_code == HTTPStatus.OK
    for name in DATA:
        assert get(service, f"/page/{name}").status_code == HTTPStatus.UNAUTHORIZED
    with httpx.Client() as client:
        assert "now" in next(events(client, url(service, "/page/now"), authorization=f"Bearer {token}"))


def test_a_token_that_is_taken_back_ends_its_pages(start_service: StartService, tmp_path: Path) -> None:
    token, access = access_of_one_reader(tmp_path)
    service = start_service(env={"STRATEGIC_MEMORY_ACCESS_FILE": str(access)})
    with httpx.Client() as client:
        told = events(client, url(service, "/page/now"), authorization=f"Bearer {token}")
        assert "now" in next(told)
        another = access_of_one_reader(tmp_path)[0]
        assert another != token
        # It is told something each second: without an end there would be ever more.
        assert len(list(islice(told, ENDED_WITHIN))) < ENDED_WITHIN
    assert [line for line in service.log_lines() if line["level"] in ("error", "critical")] == []


def test_there_are_no_more_pages_than_there_may_be(start_service: StartService) -> None:
    service = start_service()
    with ExitStack() as open_pages:
        for _ in range(MOST_PAGES):
            assert first_line_of_page(service, open_pages) == HTTPStatus.OK
        assert first_line_of_page(service, open_pages) == HTTPStatus.SERVICE_UNAVAILABLE
        assert get(service, "/health").status_code == HTTPStatus.OK
    with ExitStack() as open_pages:
        eventually(lambda: first_line_of_page(service, open_pages) == HTTPStatus.OK, what="a page that is taken again")


def test_who_asks_for_the_head_alone_has_it_and_keeps_no_page(start_service: StartService) -> None:
    service = start_service()
    with httpx.Client() as client:
        for _ in range(2):
            head = client.head(url(service, "/page/now"), timeout=PATIENCE_S)
            assert (head.status_code, head.headers["content-type"][:17]) == (HTTPStatus.OK, "text/event-stream")
            assert client.get(url(service, "/health"), timeout=PATIENCE_S).status_code == HTTPStatus.OK


def test_open_pages_hold_up_no_end_and_are_no_fault(start_service: StartService) -> None:
    service = start_service()
    with ExitStack() as open_pages:
        for _ in range(3):
            assert first_line_of_page(service, open_pages) == HTTPStatus.OK
        service.terminate()
        assert service.wait() == 0
    assert [line for line in service.log_lines() if line["level"] in ("error", "critical")] == []
    assert "Traceback" not in service.output() + service.stderr()


def first_line_of_page(service: ServiceProcess, stays_open: ExitStack) -> int:
    """Open a page, and return the code of its answer."""
    host, _, port = service.http_address.rpartition(":")
    page = stays_open.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE_S))
    page.sendall(b"GET /page/now HTTP/1.1\r\nhost: localhost\r\n\r\n")
    return int(page.recv(4096).split(b" ", 2)[1])
