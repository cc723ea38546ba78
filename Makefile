# Every target does its own set-up: the virtual environment in .venv is made when it is missing or out of date.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types wheel docs crash mutations bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

demo: $(READY) ## two days of reminders in half a minute, in a scratch folder
	$(BIN)/reminderctl demo

test: $(READY) ## the tests
	$(BIN)/pytest -n 2

check: $(READY) ## all that must be green before a commit: format, lint, types, tests
	$(BIN)/ruff format --check .
	$(MAKE) --no-print-directory lint types test

format: $(READY) ## put the code into its standard form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(READY) ## ruff
	$(BIN)/ruff check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

wheel: $(READY) ## build the wheel and try it in an environment of its own
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist . > /dev/null
	tests/try_wheel.sh dist/*.whl

docs: $(READY) ## renew the generated parts of the reference pages
	$(BIN)/python -m docs.generate

KILLS ?= 60

crash: $(READY) ## kill runs and judge what became of each message: make crash KILLS=2000
	$(BIN)/python -m tests.crash --kills $(KILLS)

mutations: $(READY) ## take away one safeguard after the other: does a test notice?
	$(BIN)/python -m tests.mutations

bench: $(READY) ## the benchmarks; docs/explanation/speed.md says what they mean
	$(BIN)/python -m benchmarks

clean: ## remove what the other targets made
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
