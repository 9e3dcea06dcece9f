# Everything a newcomer or a pipeline types. Needs Python 3.11 and Node; `setup` installs the rest
# into .venv and node_modules, only when the pinned lists changed.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# The first of these that is Python 3.11.
python3.11 = $(firstword $(foreach name,python3.11 python3,$(shell \
	$(name) -c 'import sys; print("$(name)" * (sys.version_info[:2] == (3, 11)))' 2>/dev/null)))
run := .venv/bin/python
uv := .local/uv/bin/uv
UV_VERSION := 0.13.9
AZ_VERSION := 2.91.0
compile = $(uv) pip compile --quiet --no-header --no-annotate --system-certs \
	--python-version 3.11 $(UPGRADE)

# Options that pass through: make up POLICY=my-policy.yaml, make test ARGS="-k grants".
POLICY ?=
PEER ?=
ARGS ?=

.PHONY: help
help: ## Show this list
	@echo 'Needs Python 3.11 and Node 20 or newer; what else it takes is installed into this folder.'
	@echo 'Begin with `make demo`; then `make up`, and `.venv/bin/python -m grantkeeper --help`.'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install .venv and node_modules; does nothing when nothing changed
	@python='$(python3.11)'; if [ -z "$$python" ]; then \
		echo 'setup: Python 3.11 is needed as python3.11 or python3 on PATH' >&2; exit 1; fi; \
	"$$python" infra/setup.py

.PHONY: demo
demo: setup ## The main job from request to Ready, on this machine, in about a minute
	@$(run) -m infra.demo $(ARGS)

.PHONY: up
up: setup ## Start the local stack and leave it running; POLICY=file for another policy
	@$(if $(POLICY),$(run) -m grantkeeper policy check '$(POLICY)' >/dev/null)
	@$(run) -m infra.stack up $(if $(POLICY),--policy '$(POLICY)') $(ARGS)

.PHONY: down
down: setup ## Stop the local stack and drop its data
	@$(run) -m infra.stack down

.PHONY: test
test: setup ## Every test; ARGS="tests/unit -k grants" for some
	@$(run) -m pytest $(ARGS)

.PHONY: lint
lint: setup ## Rules of style and safety (ruff)
	@$(run) -m ruff check .
	@$(run) -m ruff format --check .

.PHONY: types
types: setup ## Types (mypy --strict)
	@$(run) -m mypy .

.PHONY: format
format: setup ## Rewrite the code in the house's format
	@$(run) -m ruff check --fix .
	@$(run) -m ruff format .

.PHONY: bench
bench: setup ## Measure cold start, ARM calls, messages, memory; ARGS=--help; PEER=az beside az
	@$(if $(filter az,$(PEER)),$(uv) venv --quiet --allow-existing .local/peers/az \
		--python $(run) && $(uv) pip install --quiet --system-certs \
		--python .local/peers/az/bin/python azure-cli==$(AZ_VERSION))
	@$(run) -m tests.bench $(if $(PEER),--only peer_$(PEER)) $(ARGS)

.PHONY: package
package: setup ## Build what is deployed, with its dependencies, compiled: .local/package and .zip
	@$(run) -m infra.package $(ARGS)

.PHONY: mutants
mutants: deep ## Which wrong lines the unit tests notice, in half an hour; ARGS="resource_id" for some files
	@$(run) -m tests.mutation $(ARGS)

.PHONY: fuzz
fuzz: deep ## Fuzz every reader of others' input; ARGS="--target cluster --runs 1000000"
	@$(run) -m tests.fuzz $(ARGS)

# What only these two need: minutes to install, and of no use to the rest.
.PHONY: deep
deep: setup
	@$(run) -m pip install --quiet --disable-pip-version-check --requirement requirements-deep.txt

.PHONY: lock
lock: setup ## Pin what the *.in files ask for; UPGRADE=--upgrade for the newest
	@test -x $(uv) || $(run) -m venv .local/uv
	@.local/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(compile) requirements.in --output-file requirements.txt
	@$(compile) requirements-cli.in --constraint requirements.txt --output-file requirements-cli.txt
	@$(compile) requirements-dev.in --constraint requirements-cli.txt --output-file requirements-dev.txt
	@$(compile) requirements-deep.in --constraint requirements-dev.txt --output-file requirements-deep.txt
	@npm install --package-lock-only --no-progress

.PHONY: clean
clean: ## Stop the stack, then remove everything that was installed or written
	-@test ! -x $(run) || $(run) -m infra.stack down
	@rm -rf .venv .local node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
