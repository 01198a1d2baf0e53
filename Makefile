# Casus: make run, make test, make bench. Python 3.11 or later is all that has to be there.

PYTHON ?= python3
PORT ?= 8000
CASUS_HOME ?= var
BIN := .venv/bin
export PORT CASUS_HOME

.PHONY: run test lint types bench contract lock clean

run: .venv/run.stamp  ## load the bundled chronicle into an empty store, and serve it
	@exec $(BIN)/casus serve

test: lint types  ## lint, types and the whole test suite
	$(BIN)/python -m pytest

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/test.stamp
	$(BIN)/mypy

bench: .venv/test.stamp  ## the ratios of speed that the README reports
	$(BIN)/python -m tests.benchmarks

contract: .venv/test.stamp  ## write openapi/ anew from the code
	$(BIN)/python -m service.contract_files

lock:  ## renew the locked requirements (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade pyproject.toml --group build -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade pyproject.toml --group build --group dev -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf .venv build *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Casus needs Python 3.11 or later; name one with: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test.stamp: requirements-dev.txt .venv/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
