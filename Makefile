# Paylake. `make help` lists what there is. Settings of make itself:
#   VENV=.venv-3.12   another virtual environment (several can lie beside each other)
#   PYTHON=python3.12 the interpreter to make it with (otherwise the newest of 3.11 to 3.13)
#   ARGS="-k sessions" further arguments for what the target runs
#   SOAK_HOURS=1      how long `make soak` goes on

VENV ?= .venv
PYTHON ?=
SOAK_HOURS ?= 4
DEVTOOLS := .devtools
BIN := $(VENV)/bin
PYTHON_STAMP := $(VENV)/.stamp
ANVIL_STAMP := $(DEVTOOLS)/.stamp
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup demo dev test check format evidence soak bench lock

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(PYTHON_STAMP) $(ANVIL_STAMP) ## Make the virtual environment and fetch the local chain node

demo: $(PYTHON_STAMP) $(ANVIL_STAMP) ## Live figures from local chains and a simulated gateway (docs/demo.md)
	@$(BIN)/paylake demo $(ARGS)

dev: $(PYTHON_STAMP) ## Run sync and the API on ./paylake.toml in this terminal, until Ctrl-C
	@tools/dev.sh $(BIN)/paylake $(ARGS)

test: $(PYTHON_STAMP) $(ANVIL_STAMP) ## Run the tests
	@# Three on two cores: some tests wait for a clock or a timeout.
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(PYTHON_STAMP) ## Lint, format, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check --python $(VENV)
	PYTHONPATH=. $(BIN)/lint-imports --no-cache --no-logo

format: $(PYTHON_STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

evidence: $(PYTHON_STAMP) $(ANVIL_STAMP) ## Run the tests at full counts and print the table of evidence
	$(BIN)/python -m pytest --evidence -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

soak: $(PYTHON_STAMP) $(ANVIL_STAMP) ## Run the evidence again and again, each time with another seed (SOAK_HOURS)
	@tools/soak.sh $(BIN)/python $(SOAK_HOURS) $(ARGS)

bench: $(PYTHON_STAMP) ## Measure start-up, decoding, the feed, the lake and the API
	$(BIN)/python -m benchmarks $(ARGS)

lock: $(PYTHON_STAMP) ## Resolve the dependencies anew into the hashed lock files
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-strip-extras --no-annotate \
		--no-header --system-certs --python-version 3.11 --upgrade --quiet -o requirements.lock
	awk '/^uv==/{p=1} p{print} p&&!/\\$$/{exit}' requirements.lock > bootstrap.lock

$(PYTHON_STAMP): requirements.lock bootstrap.lock pyproject.toml tools/install_python.sh
	@tools/install_python.sh "$(VENV)" "$(PYTHON)"
	@touch $@

$(ANVIL_STAMP): tools/install_anvil.sh tools/anvil/package.json tools/anvil/package-lock.json tools/node.lock | $(PYTHON_STAMP)
	@tools/install_anvil.sh "$(DEVTOOLS)" "$(VENV)"
	@touch $@
