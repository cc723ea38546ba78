# Every target does its own set-up: the virtual environment is made when it is missing or out of date, with the versions
# that requirements/ locks. `make test VENV=.venv-newest LOCKED=` takes the newest releases that pyproject.toml allows,
# and `make test VENV=.venv-3.12 PYTHON=python3.12` another Python.

PYTHON ?= python3
VENV ?= .venv
LOCKED ?= yes
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEVELOP := $(VENV)/.develop
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install --no-compile # Python compiles what it imports
# With LC_ALL=C no Python starts that finds an accent in the path to this folder: the environment names it by dots.
RELATIVE := for each in $(VENV)/lib/python*/site-packages/_editable_impl_reminderctl.pth; do echo ../../../.. > "$$each"; done
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test quick check format lint types wheel docs lock crash mutations bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

ifdef LOCKED
$(RUNTIME): requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("reminderctl needs Python 3.11 or later; name one: make PYTHON=python3.12 ...")'
	@echo 'installing reminderctl into $(VENV) ...'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes --requirement requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(RELATIVE)
	@touch $@

$(DEVELOP): $(RUNTIME) requirements/develop.txt
	@echo 'installing the tools for its tests into $(VENV) ...'
	@$(PIP) --require-hashes --requirement requirements/develop.txt
	@touch $@
else
$(RUNTIME) $(DEVELOP): pyproject.toml
	@echo 'installing reminderctl and the newest releases of all that it needs into $(VENV) ...'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --upgrade 'pip>=25.1'
	@$(PIP) --upgrade --upgrade-strategy eager --editable . --group dev
	@$(RELATIVE)
	@touch $(RUNTIME) $(DEVELOP)
endif

demo: $(RUNTIME) ## two days of reminders in half a minute, in a scratch folder
	@$(BIN)/reminderctl demo

test: $(DEVELOP) ## the tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

quick: $(DEVELOP) ## the unit and integration tests, in less than a minute
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m 'not slow' tests/unit tests/integration

check: $(DEVELOP) ## all that must be green before a commit: format, lint, types, tests
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory lint types test

format: $(DEVELOP) ## put the code into its standard form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(DEVELOP) ## ruff
	$(BIN)/ruff check .

types: $(DEVELOP) ## mypy, strict
	$(BIN)/mypy

wheel: $(DEVELOP) ## build the wheel and try it in an environment of its own
	rm -rf dist
	$(BIN)/python -m build --no-isolation --wheel --outdir dist . > /dev/null
	PYTHON=$(BIN)/python tests/try_wheel.sh dist/*.whl

docs: $(DEVELOP) ## renew the generated parts of the reference pages
	$(BIN)/python -m docs.generate

UV := $(VENV)/lock/bin/uv
LOCK := $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock' pyproject.toml

lock: ## renew the locked versions in requirements/
	test -x $(UV) || { $(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet uv; }
	$(LOCK) --group editable --output-file requirements/runtime.txt
	$(LOCK) --group dev --constraint requirements/runtime.txt --output-file requirements/develop.txt

KILLS ?= 60

crash: $(DEVELOP) ## kill runs and judge what became of each message: make crash KILLS=2000
	$(BIN)/python -m tests.crash --kills $(KILLS)

mutations: $(DEVELOP) ## take away one safeguard after the other: does a test notice?
	$(BIN)/python -m tests.mutations

bench: $(DEVELOP) ## the benchmarks; docs/explanation/speed.md says what they mean
	$(BIN)/python -m benchmarks

clean: ## remove what the other targets made
	rm -rf .venv .venv-* dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
