# The commands of this repository; `make` alone lists them.
#
#   PYTHON   interpreter that makes the environment (3.11 or newer)
#   VENV     folder of the environment
#   CDP_*    settings of the store, see docs/operations.md; `demo`, `dagster` and `up` default to a store
#            in this folder: CDP_HOME=.cdp, CDP_DATA=data/demo

PYTHON ?= python3
VENV ?= .venv
PORT ?= 3000
SERVE_PORT ?= 8080
BIN := $(VENV)/bin
READY := $(VENV)/.installed

# Also where the surroundings forbid it, modules are compiled once, when they are first used: a test
# run starts over a hundred processes, and each would spend seconds on compiling them anew.
export PYTHONDONTWRITEBYTECODE =

demo dagster up: export CDP_HOME ?= $(CURDIR)/.cdp
demo dagster up: export CDP_DATA ?= $(CURDIR)/data/demo
demo dagster up: export DAGSTER_HOME ?= $(CDP_HOME)/dagster

.DEFAULT_GOAL := help
.PHONY: help install lock demo dagster up test check fmt bench

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY)  ## make the environment in .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"{sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed: make PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

lock: $(READY)  ## write requirements.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra demo --extra dev --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header -o requirements.lock

demo: $(READY)  ## real and generated channels become profiles, with figures and one of them shown
	@$(BIN)/python -m pipelines.demo

dagster: $(READY)  ## open the Dagster UI over the same store on port 3000 (PORT=...)
	@mkdir -p "$$DAGSTER_HOME" && cp deploy/local/dagster.yaml "$$DAGSTER_HOME"
	$(BIN)/cdp migrate
	$(BIN)/dagster dev -m pipelines.definitions -h 127.0.0.1 -p $(PORT)

up: $(READY)  ## serve the demo's profiles over HTTP and print a key and addresses (SERVE_PORT=8080)
	@test -n "$$CDP_DATABASE_URL" || test -d "$$CDP_HOME/postgres" || $(BIN)/python -m pipelines.demo
	@exec $(BIN)/cdp up --port $(SERVE_PORT)

test: check  ## check the code, then run the tests
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(READY)  ## lint, format, types, import rules, migrations, Dagster definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && cp deploy/local/dagster.yaml "$$home" && \
	  export CDP_HOME="$$home" CDP_DATABASE_URL= DAGSTER_HOME="$$home" VIRTUAL_ENV="$(abspath $(VENV))" && set -x && \
	  $(BIN)/alembic upgrade head && $(BIN)/alembic check && $(BIN)/dg check defs

fmt: $(READY)  ## put the code in its standard form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(READY)  ## measure the promised ratios (takes long); see docs/benchmarks.md
	$(BIN)/python -m benchmarks
