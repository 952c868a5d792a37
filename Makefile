# ShopSite on one machine. `make help` lists what there is; every target first sees to .venv (a moment when it is there).
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
RUNNER := $(PYTHON) -m shopsite_local
UV := .boot/venv/bin/uv
SOURCES := libs/common/src $(wildcard services/*/src) gateway/authz/src gateway/portal/src deploy/local/src tools/invariants/src tools/catalogue/src tools/manifests/src tools/release/src bench/src

.PHONY: help boot up down reset ps env ctl logs dead-letters invariants chaos bench profile demo backup restore servers servers-down \
	test test-unit test-part test-long test-compose coverage lint format typecheck docs lock audit k8s-check k8s-secrets can-release release

help:  ## This list
	@awk 'BEGIN { FS = ":.*##" } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*##/ { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

boot:
	@deploy/local/bootstrap.sh

##@ The shop
up: boot  ## Start the shop; returns when it is healthy, with the addresses
	@$(RUNNER) up
down: boot  ## Stop it; the data is kept
	@$(RUNNER) down
reset: boot  ## Stop it and drop the data
	@$(RUNNER) reset
demo: boot  ## Buy something, and show each step with its time, events and mails
	@$(RUNNER) demo

##@ Looking at it
story: boot  ## All that happened around an order: make story ORDER=SO-20261124-7F3K9Q (or its id)
	@$(RUNNER) story $(ORDER) $(ARGS)
ps: boot  ## One line a process: NAME PID STATE
	@$(RUNNER) ps
env: boot  ## KEY=VALUE lines for a shell: eval "$(make env)"
	@$(RUNNER) env
ctl: boot  ## Act on one process: make ctl CMD="stop orders-api" (start, restart, kill, pause, resume)
	@$(RUNNER) ctl $(CMD)
logs: boot  ## Follow a log: make logs SERVICE=orders
	@$(RUNNER) logs $(SERVICE)
dead-letters: boot  ## What no handler could take: ARGS="list|show ID|replay ID|replay --all|drop ID" (--help)
	@$(RUNNER) dead-letters $(or $(ARGS),list)
invariants: boot  ## Recount the running shop: nothing lost, doubled or stuck (ARGS="--patience 60 --json FILE")
	@$(RUNNER) invariants $(ARGS)
mail-preview: boot  ## Every mail with sample data as people see it, as pictures in .local/mail-preview/index.html
	@$(RUNNER) mail-preview

chaos: boot  ## Buy while everything is killed and cut off (SEED=7, PROFILE=short|long, ARGS=--help)
	@$(RUNNER) chaos $(if $(SEED),--seed $(SEED)) $(if $(PROFILE),--profile $(PROFILE)) $(ARGS)

bench: boot  ## Measure a private shop beside its references: CASE=list, ARGS="--list", --help (15 minutes)
	@$(PYTHON) -m shopsite_bench $(if $(CASE),--case $(CASE)) $(ARGS)

profile: boot  ## A flame graph of who works most in a case: make profile CASE=list-cached; .local/profile/
	@$(PYTHON) -m shopsite_bench --profile --case $(CASE)

##@ The shop in containers (docker compose)
backup:  ## Everything that cannot be made again, into one file in backups/
	@deploy/backup/backup.sh
restore:  ## Into an empty stack: make restore FILE=backups/shopsite-….tar
	@deploy/backup/restore.sh $(FILE)

##@ Tests
test: boot  ## Everything, on a private shop (ARGS="…" go to pytest)
	@$(RUNNER) test $(ARGS)
test-unit: boot  ## What needs no server
	@$(PYTHON) -m pytest -m "not integration and not e2e" $(ARGS)
test-part: boot  ## What a change of one part concerns: make test-part SERVICE=orders
	@tests=$$($(PYTHON) -m shopsite_release tests $(SERVICE)) && $(RUNNER) test $$tests $(ARGS)
test-long: boot  ## What is too slow for `make test`: long chaos, exhaustive fuzzing
	@SHOPSITE_TEST_LONG=1 $(RUNNER) test $(ARGS)
test-compose: boot  ## The whole-system tests on containers: builds, brings Compose up, takes it down
	@$(RUNNER) test-compose $(ARGS)
coverage: boot  ## `make test` with coverage, the processes of the shop included
	@rm -f .coverage .coverage.*
	@SHOPSITE_COVERAGE=1 $(RUNNER) test $(ARGS); code=$$?; \
		$(PYTHON) -m coverage combine -q && $(PYTHON) -m coverage report && exit $$code
servers: boot  ## PostgreSQL, RabbitMQ and Redis for tests, with their addresses
	@$(RUNNER) servers up
servers-down: boot  ## Stop those
	@$(RUNNER) servers down

##@ Kubernetes
k8s-check: boot  ## Render every overlay of deploy/k8s and hold it against the rules (ARGS=--help)
	@$(PYTHON) -m shopsite_manifests check $(ARGS)
k8s-secrets: boot  ## Print the Secrets of a new cluster: make -s k8s-secrets ARGS="--simulators" | kubectl apply -f -
	@$(PYTHON) -m shopsite_manifests secrets $(ARGS)

##@ Releases
can-release: boot  ## May it go out alone, beside what is released? make can-release SERVICE=orders
	@$(PYTHON) -m shopsite_release can-release $(SERVICE) $(ARGS)
release: boot  ## Check, date, tag and build one part: make release SERVICE=orders VERSION=1.3.0
	@$(PYTHON) -m shopsite_release release $(SERVICE) --version $(VERSION) $(ARGS)

##@ The code
lint: boot  ## Style, formatting and the layers' rules
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@.venv/bin/lint-imports --no-logo
format: boot  ## Mend what can be mended
	@$(PYTHON) -m ruff check --fix-only -q .
	@$(PYTHON) -m ruff format .
typecheck: boot  ## mypy, strict, on every part
	@MYPYPATH=$$(echo $(SOURCES) | tr ' ' ':') $(PYTHON) -m mypy $(SOURCES)
docs: boot  ## Write docs/api/ and docs/settings.md anew from the code
	@$(PYTHON) -m shopsite_catalogue write
lock: boot  ## Renew uv.lock after a change of dependencies
	@UV_PYTHON=$$($(PYTHON) -c 'import sys; print(sys._base_executable)') UV_PYTHON_DOWNLOADS=never $(UV) lock
audit: boot  ## Known vulnerabilities of what is installed
	@.venv/bin/pip-audit --skip-editable
