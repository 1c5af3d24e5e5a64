"""Each patch still fits the sources, and names tests that are there; `make put-back` shows that they find its fault."""

from __future__ import annotations

import pytest
from processes import REPOSITORY
from put_back.patches import Patch, all_patches, names_a_test

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("patch", all_patches(), ids=lambda patch: patch.name)
def test_it_fits_and_its_tests_are_there(patch: Patch) -> None:
    assert patch.apply(REPOSITORY, only_check=True) == ""
    assert [test for test in patch.found_by if not names_a_test(test)] == []
