#!/usr/bin/env bash
# timeseriescv 0.2: in some rounds CombPurgedKFoldCV trains on samples whose label is still open in the test set.
#
# Guessed: no label of a training sample overlaps one of the test set in any round, and none follows within the embargo: it is what
# the class is for.
# Seen: with 500 days, labels of 5 days, an embargo of 3 and the default of 10 folds, 2 of them tested, 7 of the 45 rounds keep 4
# samples that overlap a test fold, and 4 more within the embargo behind it: those whose second test fold is the last of
# all and whose first is neither the first of all nor beside it. With one fold to test, every round is clean.
# What follows: a score over rounds is a little too good, and nothing tells which rounds are; check the indices of each round.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check timeseriescv==0.2 pandas==2.3.3 numpy==1.26.4
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import pandas
from timeseriescv.cross_validation import CombPurgedKFoldCV

FOLDS, IN_FOLD, LABEL_DAYS, EMBARGO_DAYS = 10, 50, 5, 3
days = pandas.date_range("2020-01-01", periods=FOLDS * IN_FOLD)
samples = pandas.DataFrame({"x": 0.0}, days)
known = pandas.Series(days + pandas.Timedelta(days=LABEL_DAYS), days)


def rounds(tested):
    """How many there are, and of those with overlaps: the folds tested, overlapping samples, samples within the embargo."""
    splits = CombPurgedKFoldCV(FOLDS, tested, embargo_td=pandas.Timedelta(days=EMBARGO_DAYS))
    count, found = 0, {}
    for training, test in splits.split(samples, pred_times=pandas.Series(days, days), eval_times=known):
        count += 1
        test = set(test.tolist())
        overlaps = sum(bool(test & set(range(day - LABEL_DAYS + 1, day + LABEL_DAYS))) for day in training.tolist())
        embargoed = sum(bool(test & set(range(day - LABEL_DAYS - EMBARGO_DAYS, day))) for day in training.tolist())
        if overlaps or embargoed:
            found[tuple(sorted({day // IN_FOLD for day in test}))] = (overlaps, embargoed)
    print(f"timeseriescv {version('timeseriescv')}: {tested} of {FOLDS} folds tested: {len(found)} of {count} rounds leak: {found}")
    return found


assert rounds(1) == {}
assert rounds(2) == {(first, FOLDS - 1): (4, 8) for first in range(1, FOLDS - 2)}, "other rounds leak now, or none"
PYTHON
