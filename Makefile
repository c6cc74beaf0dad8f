# Every target sets up what it needs; each works on a bare machine with Python 3.11 and works again when run twice.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
CLIENTS := .venv-clients/.ready
# What is started here is compiled once, whatever the shell says: else each start of a server costs a second more.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check bench bench-compare chaos chromium caddy clients messages migration lock screenshots

help:  ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

setup: $(READY)  ## a virtual environment with everything

$(READY): requirements-dev.txt pyproject.toml
	@PYTHON="$(PYTHON)" sh deploy/setup-venv.sh

run: setup  ## serve on http://127.0.0.1:8000, database under ./var/
	@$(BIN)/fedimark serve

demo: setup  ## three servers on loopback, whose people follow each other
	@$(BIN)/python deploy/demo.py

test: setup chromium caddy clients  ## every test, on SQLite and on PostgreSQL where one answers
	@$(BIN)/python -m tests.support.suites

check: setup  ## format, lint, types, floors, tests: what CI runs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory test

bench: setup  ## measure, and write docs/benchmarks.md
	@$(BIN)/python -m tests.bench

bench-compare: setup  ## measure another revision beside this one: REV=v1 topics="inbox saves" rounds=3
	@$(BIN)/python -m tests.bench.compare $(if $(rounds),--rounds $(rounds)) $(or $(REV),$(error name a revision: make bench-compare REV=…)) $(topics)

chaos: setup  ## whatever can go wrong with real servers: 100 deaths and every trouble in 5 minutes; seed=N plays the same again
	@$(BIN)/python -m tests.chaos $(if $(seed),--seed $(seed)) $(if $(rounds),--rounds $(rounds))

caddy:
	@sh deploy/find-caddy.sh

chromium:
	@sh deploy/find-chromium.sh

clients: setup $(CLIENTS)

$(CLIENTS): tests/clients/requirements.txt
	@PYTHON="$(PYTHON)" sh deploy/setup-clients.sh

screenshots: setup chromium  ## a picture of every page, under var/screenshots
	@$(BIN)/python -m tests.browser.screenshots

messages: setup  ## put every sentence of pages into the catalogues of translations
	@$(BIN)/python -m tests.support.messages

migration: setup  ## make migration name=what_changes
	@$(BIN)/python -m tortoise -c fedimark.database.TORTOISE makemigrations -n $(name)

lock: setup  ## pin every dependency again, with hashes and without an index
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra postgres pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements-dev.txt
	@echo hatchling | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements-dev.txt - -o deploy/requirements-build.txt
	@echo aiolinkding | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate - -o tests/clients/requirements.txt
