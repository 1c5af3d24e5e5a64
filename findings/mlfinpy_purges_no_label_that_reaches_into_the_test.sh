#!/usr/bin/env bash
# mlfinpy 0.1.2: PurgedKFold keeps the training samples before a test fold whose label is still open in it.
#
# Guessed: no label of a training sample overlaps the test fold; it is what purging is.
# Seen: with 500 days, labels of 5 days and 5 folds, each fold but the first keeps the 4 samples before it whose label ends within it. The
# test is taken to begin where the label of its first sample ends, not where that sample stands, so what ends earlier
# stays. Behind the fold it purges, and the embargo holds. Its own check, that no row is in both, is content.
# What follows: a score over folds has seen a part of what it is tested on; drop samples whose label ends after the first day of the fold.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mlfinpy==0.1.2 pandas==2.3.3 numpy==1.26.4 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas
from mlfinpy.cross_validation.cross_validation import PurgedKFold

DAYS, LABEL_DAYS = 500, 5
days = pandas.date_range("2020-01-01", periods=DAYS)
samples = pandas.DataFrame({"x": 0.0}, days)
ends = pandas.Series(days + pandas.Timedelta(days=LABEL_DAYS), days)
seen = []
for training, test in PurgedKFold(n_splits=5, samples_info_sets=ends, pct_embargo=0.02).split(samples):
    first, last = days[test[0]], days[test[-1]]
    before = sum(days[row] < first < ends.iloc[row] for row in training)
    behind = sum(last < days[row] < ends.iloc[test[-1]] + pandas.Timedelta(days=10) for row in training)
    seen.append((int(before), int(behind)))
print(f"mlfinpy {version('mlfinpy')}: training samples with a label open at the first day of each fold, and after its last: {seen}")
assert [before for before, _ in seen] == [0, 4, 4, 4, 4], "purged before the fold now"
assert all(behind == 0 for _, behind in seen)
PYTHON
