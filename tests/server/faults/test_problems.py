from __future__ import annotations

import os
from pathlib import Path

from set_clocks import SecondsClock
from structlog.testing import capture_logs

from strategic_memory_server.faults.problems import Problems


def test_a_problem_stands_until_it_is_withdrawn() -> None:
    problems = Problems(SecondsClock(0.0))
    problems.state("log_lost", "the log is gone")
    assert problems.standing == {"log_lost": "the log is gone"}
    problems.withdraw("log_lost")
    assert problems.standing == {}


def test_a_sentence_about_a_file_whose_name_is_not_utf8_can_be_sent() -> None:
    problems = Problems(SecondsClock(0.0))
    problems.state("access_file", f"{Path(os.fsdecode(b'/etc/acc' + bytes([0xFF])))} is not there")
    assert problems.standing == {"access_file": r"/etc/acc\udcff is not there"}


def test_a_problem_with_an_end_stands_until_then() -> None:
    clock = SecondsClock(0.0)
    problems = Problems(clock)
    problems.state("cap_lifted", "the cap was deleted", for_s=10.0)
    clock.now_s = 9.9
    assert "cap_lifted" in problems.standing
    clock.now_s = 10.0
    assert problems.standing == {}


def test_who_looks_no_more_lets_a_problem_end_and_to_say_so_again_prolongs_nothing() -> None:
    clock = SecondsClock(0.0)
    problems = Problems(clock)
    problems.let_end("log_lost", within_s=10.0)
    assert problems.standing == {}
    problems.state("log_lost", "the log is gone")
    problems.state("cap_lifted", "the cap was deleted", for_s=5.0)
    for _ in range(2):
        problems.let_end("log_lost", within_s=10.0)
        problems.let_end("cap_lifted", within_s=10.0)
        clock.now_s += 4.9
        assert list(problems.standing) == ["log_lost", "cap_lifted"][: 2 - int(clock.now_s > 5)]
    clock.now_s = 10.0
    assert problems.standing == {}
    problems.state("log_lost", "the log is gone")
    clock.now_s = 100.0
    assert "log_lost" in problems.standing


def test_a_problem_is_logged_when_it_arises_and_when_it_ends_and_its_newest_sentence_is_shown() -> None:
    problems = Problems(SecondsClock(0.0))
    with capture_logs() as lines:
        problems.state("log_lost", "1 revision lost")
        problems.state("log_lost", "2 revisions lost")
        assert problems.standing == {"log_lost": "2 revisions lost"}
        problems.withdraw("log_lost")
        problems.withdraw("log_lost")
        problems.state("log_lost", "3 revisions lost")
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("Problem", "warning"),
        ("Problem is over", "info"),
        ("Problem", "warning"),
    ]
