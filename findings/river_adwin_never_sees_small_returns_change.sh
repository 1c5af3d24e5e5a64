#!/usr/bin/env bash
# river 0.26.1: ADWIN sees a mean that turns from +1 to -1 standard deviations after 15 values, or never, by the unit alone.
#
# Guessed: a detector that weighs the window's own variance answers alike for returns in fractions, in percent and in money.
# Seen: the same 4,000 values, whose mean turns at number 2,000, are found at 2,015 with a deviation of 1, at 2,431 with one
# of 0.01, and not at all with 0.001, which is what returns of a minute or an hour have. One term of the bound is not
# scaled by the variance. PageHinkley has the opposite fault: silent for small values, 116 alarms for values of 10.
# What follows: divide results by their typical size before a detector sees them; silence is otherwise no sign of calm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check river==0.26.1
"$folder/venv/bin/python" - <<'PYTHON'
import random
from importlib.metadata import version

from river import drift


def alarms(detector, deviation):
    source = random.Random(1)
    found = []
    for index in range(4_000):
        mean = 1 if index < 2_000 else -1
        detector.update((mean + source.gauss(0, 1)) * deviation)
        if detector.drift_detected:
            found.append(index)
    return found


seen = {}
for deviation in (0.001, 0.01, 1.0, 10.0):
    seen[deviation] = (alarms(drift.ADWIN(), deviation), alarms(drift.PageHinkley(), deviation))
    adwin, page_hinkley = seen[deviation]
    print(f"river {version('river')}: deviation {deviation:g}: ADWIN at {adwin}, PageHinkley {len(page_hinkley)} alarms")
assert [seen[deviation][0] for deviation in (0.001, 0.01, 1.0, 10.0)] == [[], [2431], [2015], [2015]]
assert len(seen[0.01][1]) == 0 and len(seen[10.0][1]) > 100
PYTHON
