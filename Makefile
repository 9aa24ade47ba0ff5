# Allegiance: what there is to do, one target each. `make` alone tells them.
#
# Needs Python 3.11 or newer with venv and pip, and nothing else: uv comes into .venv, all else through uv.lock.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
SYNC := $(UV) sync --frozen --inexact --quiet
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo serve assets test check bench bench-gate kill-run kill-corpus hammer stress docs lock fix clean

help:
	@echo 'make demo    run a whole study on a small local model, no key needed'
	@echo 'make serve   serve the workbench of a study: make serve STUDY=FOLDER'
	@echo 'make assets  build the elements of the workbench from frontend/ (needs Node 20.19 or newer)'
	@echo 'make test    run the tests'
	@echo 'make check   ruff, mypy and the import laws'
	@echo 'make fix     let ruff format and repair what it can'
	@echo 'make bench   measure speed against its floors; rows go to build/bench/'
	@echo 'make bench-web  measure pages of the workbench on 20,000 transcripts, or on a study: ARGS=STUDY'
	@echo 'make kill-run  kill a run of 500 samples twenty times and count what is there at the end'
	@echo 'make kill-corpus  kill writers of a corpus two hundred times, and see after each what is there'
	@echo 'make hammer  append to one log from eight processes that are killed meanwhile, and count what is lost'
	@echo 'make bench-gate  simulate lineages: how often a broken link passes, how often one that holds is halted'
	@echo 'make stress  simulate the coverage of every interval; the table goes to docs/statistics.md'
	@echo 'make docs    assemble the changelog and check the pages of docs/'
	@echo 'make lock    settle uv.lock anew after a change of dependencies'
	@echo 'make clean   remove what was built, the environment too'

$(UV):
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3'; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) \
	  || { echo 'The venv module is needed (on Debian: apt-get install python3-venv).'; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

# One stamp an environment: what is installed is installed again only when the lock or the project changes.
$(VENV)/.demo: uv.lock pyproject.toml | $(UV)
	$(SYNC) --extra local
	@touch $@

$(VENV)/.dev: uv.lock pyproject.toml | $(UV)
	$(SYNC) --extra local --extra dev --extra classify --extra remote --extra cluster
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(BIN)/allegiance demo

# The built elements are no source: they come from frontend/ and its lock, and only where these are newer.
BUILT := src/allegiance/web/static/built/workbench.js
STUDY ?= .

assets: $(BUILT)
	@:

frontend/node_modules/.stamp: frontend/package.json frontend/package-lock.json
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null \
	  || { echo 'The elements of the workbench are built by Node 20.19, 22.12 or newer, with npm (nodejs.org). Installed wheels hold them and need no Node.'; exit 1; }
	@cd frontend && npm ci --silent --no-audit --no-fund
	@touch $@

$(BUILT): frontend/node_modules/.stamp $(wildcard frontend/src/*.ts) frontend/vite.config.js frontend/tsconfig.json
	@cd frontend && npm run --silent build
	@touch $@

serve: $(VENV)/.dev $(BUILT)
	$(BIN)/allegiance serve --study $(STUDY)

test: $(VENV)/.dev $(BUILT)
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/bench.py $(ARGS)

bench-web: $(VENV)/.dev
	$(BIN)/python benchmarks/web_rate.py $(ARGS)

kill-run: $(VENV)/.dev
	$(BIN)/python benchmarks/kill_run.py $(ARGS)

kill-corpus: $(VENV)/.dev
	$(BIN)/python -m benchmarks.kill_corpus $(ARGS)

hammer: $(VENV)/.dev
	$(BIN)/python benchmarks/hammer.py $(ARGS)

bench-gate: $(VENV)/.dev
	$(BIN)/python -m benchmarks.gate_chains $(ARGS)

stress: $(VENV)/.dev
	$(BIN)/python -m benchmarks.coverage $(ARGS)

docs: $(VENV)/.dev
	@mkdir -p build
	$(BIN)/python tools/changelog.py > build/CHANGELOG.md
	COLUMNS=100 $(BIN)/python tools/reference.py
	$(BIN)/python tools/library.py
	$(BIN)/python -m pytest tests/house

lock: | $(UV)
	$(UV) lock

clean:
	rm -rf $(VENV) build dist demo-study .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf frontend/node_modules src/allegiance/web/static/built
