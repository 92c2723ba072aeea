# Everything starts here: `make demo` and `make test` need nothing but Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test lint quick docs bench e2e monitor-e2e scenario expectations lock clean

setup: .venv/ready

.venv/ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@echo "Installing into .venv … (a minute or two)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	@$(BIN)/python -m cryptodrug_scraper.demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Crawls wait more than they work: three processes for two cores.
test: lint
	$(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(3 * (os.cpu_count() or 1) // 2 or 1)')

# While a market is being written: pages and their records, without PostgreSQL and Tor. Copies of
# pages that were damaged in all ways, and what is true of every file, are for `make test`.
quick: lint
	$(BIN)/python -m pytest -p tests.quick -n $$($(BIN)/python -c 'import os; print(min(os.cpu_count() or 1, 4))') \
	    --ignore-glob='*_copies.py' --deselect tests/test_house.py::test_nothing_private_is_imported $(QUICK)

QUICK = tests/parsers tests/records tests/spiders tests/test_house.py

# The documentation, into site/: links that lead nowhere are errors.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "Open site/index.html in a browser."

bench: setup
	$(BIN)/python -m tests.bench

e2e: setup
	$(BIN)/python -m tests.e2e

# Half a year of markets that are watched, in fast time.
monitor-e2e: setup
	$(BIN)/python -m tests.monitor.proof

# A year of crawls, with `MISSING=0.2` a fifth of their pages left out; FOLDER=... keeps them.
scenario: setup
	$(BIN)/python -m tests.scenario $(if $(MISSING),--missing $(MISSING)) $(if $(FOLDER),--folder $(FOLDER))

# The expected records of all fixtures, or with `MARKET=name` of those of one market.
expectations: setup
	@$(BIN)/python -m tests.parsers.expectations $(MARKET)

# By name, version and hash, without addresses: everything, then what the program needs to run,
# in the same versions.
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links pyproject.toml
lock:
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --extra dev -o requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock -o requirements.lock

clean:
	rm -rf .venv site .mypy_cache .ruff_cache .pytest_cache .hypothesis
