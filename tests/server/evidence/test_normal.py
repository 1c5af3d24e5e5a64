"""The normal distribution, against scipy, in both tails."""

from __future__ import annotations

import numpy as np
from scipy import special

from strategic_memory_server.evidence.normal import cumulative


def test_it_equals_scipy_in_both_tails() -> None:
    values = np.concatenate((np.linspace(-37.0, 37.0, 4_001), [0.0, -1e-300, 1e300, -1e300]))
    np.testing.assert_allclose(cumulative(values), special.ndtr(values), rtol=1e-12)


def test_it_keeps_the_shape() -> None:
    assert cumulative(np.zeros((2, 3))).shape == (2, 3)
    assert float(cumulative(np.array(0.0))) == 0.5
