"""The report: figures as by direct calls, and a page that parses and needs nothing else, whatever the record."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

import numpy as np
import pytest
from click.testing import CliRunner
from replay_files import in_order, random_rows, write_csv

from strategic_memory_server.cli.replay import replay as command
from strategic_memory_server.figures.breakdown import breakdown
from strategic_memory_server.figures.calibration import calibration
from strategic_memory_server.figures.judged_runs import RUN_TRADES
from strategic_memory_server.figures.performance import performance
from strategic_memory_server.figures.transitions import transitions
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.command import run_replay
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.judging.findings import findings, plain
from strategic_memory_server.replay.judging.options import ReplayOptions
from strategic_memory_server.replay.judging.replayed import replay
from strategic_memory_server.replay.report.downsample import MOST_POINTS, thinned
from strategic_memory_server.replay.report.report_files import write_report

RECORDS = {
    "one observation": "time,regime,pnl\n1700000000,BULL,1\n",
    "one trade": "time,regime,realized_pnl,policy\n1700000000,BULL,1,BALANCED\n",
    "portfolio alone": "time,pnl\n1,1\n2,-1\n",
    "one moment": "time,realized_pnl\n" + "5,1\n" * 50,
    "all the same": "time,regime,realized_pnl,policy\n" + "".join(f"{row},BULL,0,BALANCED\n" for row in range(50)),
    "huge numbers": "time,regime,realized_pnl\n" + "".join(f"{row}000,BULL,{(-1) ** row}e15\n" for row in range(50)),
    "strange names": 'time,regime,realized_pnl\n1,"<b>&""x""\'",1\n2,</td>,2\n3,日本,3\n',
    "far apart": "time,regime,pnl\n0001-01-01,BULL,1\n9999-12-31,BEAR,1\n5000-01-01,RANGE,-1\n",
    "tiny steps": "time,regime,pnl\n" + "".join(f"{1_700_000_000_000 + row},R{row % 9},1e-14\n" for row in range(30)),
    "per policy, few": "time,policy,pnl_conservative,pnl_balanced,pnl_aggressive\n1,BALANCED,1,2,3\n2,BALANCED,1,2,3\n",
}


def report_of(path: Path, out: Path) -> tuple[dict[str, Any], str]:
    options = ReplayOptions(files=(path,), out=out)
    assert run_replay(options, quiet=True) == 0
    report = json.loads((out / "report.json").read_text(), parse_constant=pytest.fail)
    return report, (out / "report.html").read_text()


@pytest.fixture(scope="module")
def normal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    folder = tmp_path_factory.mktemp("normal")
    path = write_csv(folder / "record.csv", random_rows(11, 900))
    return path, *report_of(path, folder / "out")


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str]


def elements(page: str) -> list[Element]:
    """Every element of a page; it has to be well-formed XML."""
    found: list[Element] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: found.append(Element(tag, attributes))
    parser.Parse(page, True)
    return found


def check_page(page: str) -> None:
    """It is well-formed, refers to nothing, runs its own script alone, and draws within its frames."""
    (script,) = re.findall("<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policies = [each["content"] for tag, each in elements(page) if "http-equiv" in each]
    assert policies == [f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"]
    for tag, attributes in elements(page):
        assert not any(name.startswith("on") for name in attributes)
        assert tag not in ("link", "img", "iframe", "a", "image", "use", "object")
        assert not attributes.keys() & {"href", "xlink:href", "src", "srcset", "data", "action"}
        assert not any("url(" in value for value in attributes.values())
        if tag == "polyline":
            points = [float(each) for each in re.split("[ ,]", attributes["points"])]
            assert len(points) <= 2 * MOST_POINTS
            assert all(math.isfinite(each) and -1.0 <= each <= 1_000.0 for each in points)
        if tag == "rect":
            assert all(float(attributes[name]) >= 0.0 for name in ("width", "height"))
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", page))
    assert addresses <= {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"}
    assert "@import" not in page


def test_the_page_of_a_normal_record_has_every_plot(normal: tuple[Path, dict[str, Any], str]) -> None:
    _, _, page = normal
    check_page(page)
    labels = [each.attributes["aria-label"] for each in elements(page) if each.tag == "svg"]
    assert labels == [
        "Cumulative pnl over time",
        "Drawdown over time",
        "Regimes over time",
        "Probability of being the best policy over time",
        "Confidence said against the share that came true",
    ]
    assert 'class="missing"' not in page


def test_the_report_says_what_each_kind_of_entry_earned_together(normal: tuple[Path, dict[str, Any], str]) -> None:
    _, report, _ = normal
    rows = random_rows(11, 900)
    for kind, pnl in report["rows"]["pnl_by_kind"].items():
        assert pnl == pytest.approx(math.fsum(row.pnl for row in rows if row.kind == kind), rel=1e-12)


@pytest.mark.parametrize("name", RECORDS)
def test_the_page_of_a_strange_record_says_what_is_missing(name: str, tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text(RECORDS[name])
    _, page = report_of(tmp_path / "record.csv", tmp_path / "out")
    check_page(page)
    assert 'class="missing"' in page
    assert "nan" not in re.sub("<(style|script)>.*?</\\1>", "", page, flags=re.DOTALL).lower()


def test_figures_are_those_of_direct_calls(normal: tuple[Path, dict[str, Any], str]) -> None:
    path, report, _ = normal
    found = replay(ReplayOptions(files=(path,)), lambda _stage, _share: None)
    now_ms = found.record.last_time_ms
    assert len(found.compared.rules) == len(report["rules"])
    for rule in found.compared.rules:
        made, shown = found.compared.trades(rule), report["rules"][rule.value]
        assert shown["performance"] == plain(performance(made.pnl, time_ms=made.time_ms, now_ms=now_ms))
        groups = breakdown(made.pnl, made.regime, made.policy, time_ms=made.time_ms, now_ms=now_ms).groups
        assert [plain(each.performance) for each in groups] == [each["performance"] for each in shown["groups"]]
        assert [each["regime"] for each in shown["groups"]] == [
            found.record.regime_names[each.regime] for each in groups
        ]
        assert [each["policy"] for each in shown["groups"]] == [
            None if each.policy is None else Policy(each.policy).name for each in groups
        ]
    assert report["rules"]["oracle"]["hindsight"] is True


def test_transitions_and_reliability_are_those_of_plain_means(normal: tuple[Path, dict[str, Any], str]) -> None:
    path, report, _ = normal
    found = replay(ReplayOptions(files=(path,)), lambda _stage, _share: None)
    observed = [row.regime for row in in_order(random_rows(11, 900)) if row.kind == "regime"]
    names = found.record.regime_names
    matrix = transitions(np.array([names.index(regime) for regime in observed]))
    assert matrix is not None
    assert report["regimes"]["transitions"]["counts"] == [list(row) for row in matrix.counts]

    decisions = found.courses[Rule.EVIDENCE].decisions
    made = found.compared.trades(Rule.EVIDENCE)
    places, earned = made.places.tolist(), made.pnl.tolist()
    said, outcome = [], []
    for start in range(0, len(places) - RUN_TRADES + 1, RUN_TRADES):
        decision = max(each for each, point in enumerate(decisions["place"][:-1].tolist()) if point <= places[start])
        said.append(float(decisions["confidence"][decision]))
        outcome.append(float(sum(earned[start : start + RUN_TRADES]) > 0))
    assert len(said) > 5
    assert report["reliability"]["rules"]["evidence"] == plain(calibration(np.array(said), np.array(outcome)))


def test_advice_over_time_adds_up(normal: tuple[Path, dict[str, Any], str]) -> None:
    path, report, _ = normal
    found = replay(ReplayOptions(files=(path,)), lambda _stage, _share: None)
    for rule, course in found.courses.items():
        decisions = course.decisions
        told, policies, points = report["advice"][rule.value], decisions["policy"].tolist(), decisions["place"].tolist()
        held_ms = dict.fromkeys(Policy, 0)
        times = found.record.entries.time_ms.tolist()
        ends = [*points[1:-1], len(times) - 1]
        for policy, start, end in zip(policies[:-1], points[:-1], ends, strict=True):
            held_ms[Policy(policy)] += times[end] - times[start]
        assert told["share_of_time"] == {
            policy.name: pytest.approx(held / (times[-1] - times[0])) for policy, held in held_ms.items()
        }
        assert told["changes"] == sum(one != other for one, other in pairwise(policies))
        assert (told["changes"] > 0) is (rule is not Rule.EVIDENCE)
        assert told["now"]["policy"] == Policy(policies[-1]).name


def test_the_cadence_is_said(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(2, 200))
    assert run_replay(ReplayOptions(files=(path,), out=tmp_path, evidence_every=25), quiet=True) == 0
    assert "Advice by evidence: worked out anew at every 25 entries" in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "report.json").read_text())["advice"]["evidence"]["every"] == 25


def refused(error: BaseException) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse


@pytest.mark.parametrize(
    ("report", "page", "at_last", "error"),
    [
        ({"second": math.nan}, "<p/>", refused(AssertionError()), ValueError),
        ({"second": 2}, "<b/>", refused(KeyboardInterrupt()), KeyboardInterrupt),
        ({"second": 2}, "<b/>", refused(OSError(28, "No space left on device")), ReplayError),
    ],
)
def test_a_report_that_is_not_finished_leaves_the_earlier_one(
    report: dict[str, object], page: str, at_last: Callable[[], None], error: type[BaseException], tmp_path: Path
) -> None:
    write_report(tmp_path, {"first": True}, "<p/>")
    with pytest.raises(error):
        write_report(tmp_path, report, page, at_last)
    assert json.loads((tmp_path / "report.json").read_text()) == {"first": True}
    assert (tmp_path / "report.html").read_text() == "<p/>"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_a_new_report_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    write_report(tmp_path / "new", {"first": True}, "<p/>")
    write_report(tmp_path / "new", {"second": True}, "<b/>")
    assert json.loads((tmp_path / "new" / "report.json").read_text()) == {"second": True}
    assert (tmp_path / "new" / "report.html").read_text() == "<b/>"
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["report.html", "report.json"]


def test_a_report_takes_the_place_of_no_file_that_is_read(tmp_path: Path) -> None:
    for name in ("report.json", "report.html", "advice.csv"):
        content = write_csv(tmp_path / name, random_rows(3, 30)).read_bytes()
        out = ["--out", str(tmp_path), "--advice-out", str(tmp_path / "advice.csv")]
        done = CliRunner().invoke(command, [str(tmp_path / name), *out])
        assert done.exit_code == 2
        assert "is one of the files that are read" in done.output
        assert (tmp_path / name).read_bytes() == content


def test_the_progress_grows_and_ends(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(3, 300))
    told: dict[str, list[float]] = {}

    def tell(stage: str, share: float) -> None:
        told.setdefault(stage, []).append(share)

    options = ReplayOptions(files=(path,))
    findings(replay(options, tell), options, tell)
    assert list(told) == ["reading", "reference rules", "evidence", "comparing", "figures"]
    for stage, shares in told.items():
        assert shares == sorted(shares), stage
        assert shares[-1] == 1.0, stage
        assert all(0.0 <= share <= 1.0 for share in shares), stage


def test_fewer_points_keep_peaks_and_ends() -> None:
    y = np.cumsum(np.random.default_rng(1).normal(size=100_000))
    x = np.arange(y.size) * 3
    kept, shown = thinned(x, y)
    assert kept.size <= MOST_POINTS
    assert (np.diff(kept) > 0).all()
    assert {0.0, float(x[-1]), float(x[np.argmin(y)]), float(x[np.argmax(y)])} <= set(kept.tolist())
    assert shown.tolist() == y[kept.astype(np.int64) // 3].tolist()


@pytest.mark.parametrize("points", [1, 2, MOST_POINTS])
def test_few_points_are_all_kept(points: int) -> None:
    y = np.random.default_rng(2).normal(size=points)
    assert [each.tolist() for each in thinned(np.arange(points), y)] == [list(range(points)), y.tolist()]


def test_a_signal_after_the_report_was_written_ends_nothing(tmp_path: Path) -> None:
    # Python takes handlers away while it tidies up: only a signal that is ignored does nothing then.
    path = tmp_path / "record.csv"
    write_csv(path, random_rows(1, 30))
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert run_replay(ReplayOptions(files=(path,), out=tmp_path), quiet=True, ends_process=True) == 0
        assert {signal.getsignal(number) for number in before} == {signal.SIG_IGN}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert run_replay(ReplayOptions(files=(path,), out=tmp_path), quiet=True) == 0
    assert {number: signal.getsignal(number) for number in before} == before
