#!/usr/bin/env bash
# hmmlearn 0.3.3: the first GaussianHMM.fit of a process starts another process, on 200 numbers as well.
#
# Guessed: a fit without `n_jobs` is arithmetic in the thread that calls it.
# Seen: the first means come from the KMeans of scikit-learn 1.9.1, which asks joblib 1.6.0 for the physical cores, and on
# Linux joblib runs `lscpu` for them and waits for its end. The second fit starts nothing, nor does one whose means are
# given, nor does the first one where LOKY_MAX_CPU_COUNT is below the number of cores.
# What follows: where a fit runs in a service that watches its children or may not start any, give the means or set that
# variable. This script needs Linux with two cores or more, all of them the script's to use.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hmmlearn==0.3.3 scikit-learn==1.9.1 \
    joblib==1.6.0 numpy==2.2.6
cat >"$folder/fit.py" <<'PYTHON'
import sys
from importlib.metadata import version

import numpy
from hmmlearn.hmm import GaussianHMM

started = []
sys.addaudithook(lambda event, given: started.append(given[1]) if event == "subprocess.Popen" else None)
returns = numpy.random.default_rng(0).normal(size=(200, 1))


def fitted(name, model):
    before = len(started)
    model.fit(returns)
    commands = [" ".join(command) for command in started[before:]]
    print(f"hmmlearn {version('hmmlearn')}: {name} starts {commands}")
    return commands


given = GaussianHMM(2, random_state=0, init_params="stc")
given.means_ = numpy.array([[-1.0], [1.0]])
assert fitted("a fit with means that are given", given) == []
first = fitted("the first fit", GaussianHMM(2, random_state=0))
assert first == ([] if sys.argv[1] == "limited" else ["lscpu --parse=core"]), first
assert fitted("the second fit", GaussianHMM(2, random_state=0)) == []
PYTHON
env -u LOKY_MAX_CPU_COUNT "$folder/venv/bin/python" -W ignore "$folder/fit.py" free
echo "with LOKY_MAX_CPU_COUNT=1:"
LOKY_MAX_CPU_COUNT=1 "$folder/venv/bin/python" -W ignore "$folder/fit.py" limited
