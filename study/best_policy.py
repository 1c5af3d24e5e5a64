"""Whether the best policy is found, by the number of observations of each cell.

Worlds: four regimes, three policies of equal spread 1, means -gap, 0 and gap in an order drawn anew for each regime;
every cell has the same number of observations and nothing is forgotten. Found: the policy with the highest utility is
the one with the highest mean. Power: how often the best policy is recommended (at the default thresholds) in regimes in
which it is not CONSERVATIVE.
"""

from __future__ import annotations

import numpy as np

from strategic_memory_server.evidence.figures import figures_of
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.options import Options
from study.row import Row, at_least
from study.worlds import ordered_means, share, summed

TOLERANCE = 0.02
_FOUND = {(0.1, 50): 0.61, (0.1, 170): 0.78, (0.1, 500): 0.93, (0.3, 20): 0.79, (0.3, 50): 0.92, (0.3, 170): 0.99}
_POWER = {(0.3, 50): 0.74}


def rows(options: Options) -> list[Row]:
    """Measure every gap and number of observations."""
    generator = options.generator("best_policy")
    return [row for gap, count in _FOUND for row in _rows(generator, options.worlds, gap, count)]


def _rows(generator: np.random.Generator, worlds: int, gap: float, count: int) -> list[Row]:
    settings = EvidenceSettings(decay=1.0)
    mean = ordered_means(generator, worlds, gap)
    figures = figures_of(summed(generator, mean, 1.0, np.full(mean.shape, count)), settings)
    best = mean.argmax(axis=-1)
    found, error = share(figures.utility.mean.argmax(axis=-1) == best)
    named = f"gap/spread {gap:g}, {count} observations a cell"
    measured = [Row(f"best policy found, {named}", found, at_least(_FOUND[gap, count], TOLERANCE), error)]
    if (gap, count) in _POWER:
        recommended = judge(figures, settings).recommended
        hits = (recommended == best)[best != 0].astype(np.float64)
        power, error = share(hits)
        measured.append(Row(f"power, {named}", power, at_least(_POWER[gap, count], TOLERANCE), error))
    return measured
