# Needs make, a POSIX shell, and Python 3.11 or newer with venv. Everything else comes from requirements/*.lock.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
RUN := $(BIN)/python
SITE := src/api/site/index.html
PAGES := mkdocs.yml $(wildcard docs/*.md docs/*/*.md)
export PYTHON

# A virtual environment knows its place and its Python: when either has gone, nothing that was installed counts.
ifneq ($(shell test -x $(BIN)/python && cat .venv/place 2>/dev/null),$(shell pwd -P))
$(shell rm -f .venv/installed-*)
endif

.PHONY: help run services test test-unit test-integration test-faults test-deep check format bench docs publish-schemas migration lock image clean

help: ## List what can be done
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z][a-z-]*:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

##@ Use it

run: .venv/installed-run $(SITE) ## Install, migrate, seed and serve on 127.0.0.1:8000 (GATEWRIGHT_HOST, GATEWRIGHT_PORT …)
	@exec $(BIN)/gatewright run

services: .venv/installed-dev ## Start Postgres, Redis, MongoDB and RabbitMQ for tests; prints how to name them
	@exec $(RUN) -m tests.support.servers up

image: ## Build the container image
	@docker info >/dev/null 2>&1 || { echo "No image is built: there is no Docker engine that answers." >&2; exit 1; }
	docker build --file docker/Dockerfile --tag gatewright:latest .

##@ Test it

# Tests start hundreds of processes: Python may keep what it compiled, or each of them would compile its imports anew.
test test-unit test-integration test-faults test-deep: export PYTHONDONTWRITEBYTECODE :=

test: .venv/installed-dev ## Run every test; those on real servers start what is not named by GATEWRIGHT_TEST_*
	$(RUN) -m pytest -n $(WORKERS) --dist loadfile --durations=15 || $(RUN) -m tools.once_more $$?

test-unit: .venv/installed-dev ## Run what needs no server: seconds
	$(RUN) -m pytest tests/unit clients/events/tests clients/python/tests

test-integration: .venv/installed-dev ## Run what needs real servers
	$(RUN) -m pytest -n $(WORKERS) --dist loadfile tests/integration

test-faults: .venv/installed-dev ## Kill and stall real servers for long
	GATEWRIGHT_FAULTS=long $(RUN) -m pytest -m faults --timeout=3600

test-deep: .venv/installed-dev ## Compare more than a million decisions with an oracle, and see that planted defects are found
	GATEWRIGHT_DEEP=1 $(RUN) -m pytest -n $(WORKERS) --timeout=3600 -o junit_family=xunit1 --junitxml=deep.xml \
		tests/unit/access tests/integration/access tests/deep

bench: .venv/installed-dev ## Measure; figures are ratios within one run
	$(RUN) -m benchmarks

##@ Change it

check: .venv/installed-dev ## Lint, types, import contracts, dead code, dependencies, test names, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(RUN) -m tools.dead_code
	$(BIN)/deptry .
	$(BIN)/deptry clients/events/src --config clients/events/pyproject.toml
	$(BIN)/deptry clients/python/src --config clients/python/pyproject.toml
	$(RUN) -m tools.duplicates
	$(RUN) -m tools.catalogue --check
	$(RUN) -m tools.schemas

format: .venv/installed-dev ## Format the code and mend what can be mended safely
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/installed-dev ## Write the generated pages, then the documentation site into src/api/site
	$(RUN) -m tools.catalogue
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

publish-schemas: .venv/installed-dev ## Promise the schemas of events as they are: from then on fields are only added
	@$(RUN) -m tools.schemas --publish

migration: .venv/installed-dev ## Start a migration: make migration name=people_have_nicknames
	@test -n "$(name)" || { echo "Say what it does: make migration name=people_have_nicknames" >&2; exit 2; }
	@$(RUN) -m tools.migration "$(name)"

lock: .venv/installed-dev ## Write requirements/*.lock anew from pyproject.toml, keeping what still fits
	@tools/lock

clean: ## Remove everything that can be made again, the virtual environment included; data stays
	rm -rf .venv build dist src/api/site src/*.egg-info clients/*/src/*.egg-info clients/*/build .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed-run: requirements/docs.lock pyproject.toml clients/events/pyproject.toml clients/python/pyproject.toml
	@tools/install requirements/docs.lock
	@touch $@

# The lock for developers holds everything that the other one does.
.venv/installed-dev: requirements/dev.lock pyproject.toml clients/events/pyproject.toml clients/python/pyproject.toml
	@tools/install requirements/dev.lock
	@touch .venv/installed-run $@

# The service runs without its documentation, so a page that cannot be built must not keep it from starting.
$(SITE): $(PAGES) | .venv/installed-run
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet >/dev/null 2>&1 || \
		echo "The documentation could not be built; \`make docs\` says why." >&2
