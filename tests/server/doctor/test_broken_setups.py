"""Each broken set-up is found, and named before all else; a sound one is said to be sound."""

from __future__ import annotations

import pytest
import redis
from redis_contents import contents_of
from server.doctor.broken_setups import SETUPS
from server.doctor.conftest import Examine

from strategic_memory_server.doctor.checks import CHECKS


def test_a_sound_one_is_said_to_be_sound(sound: redis.Redis, examined: Examine) -> None:
    examination = examined()
    assert (list(examination.findings), examination.checks) == ([], len(CHECKS))


@pytest.mark.parametrize("name", SETUPS)
def test_it_is_found_first(name: str, sound: redis.Redis, examined: Examine) -> None:
    setup = SETUPS[name]
    setup.break_it(sound)
    before = contents_of(sound)
    first = examined(**setup.env).findings[0]
    assert (first.check, setup.words in first.sentence) == (setup.check, True), first
    assert first.command
    assert contents_of(sound) == before, "something was written"
