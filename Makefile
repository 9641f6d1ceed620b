# make pipeline: set-up and the main job.   make test: set-up and the tests.   make help: everything else.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(firstword $(shell cat requirements.txt pyproject.toml | cksum))
EXTRAS_READY := $(VENV)/.extras-$(firstword $(shell cat requirements.txt requirements-extras.txt | cksum))
ANNOTATORS := .venv-annotators
ANNOTATORS_READY := $(ANNOTATORS)/.ready-$(firstword $(shell cksum < requirements-annotators.txt))
PYTEST := $(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder --durations=15
LOCK := $(BIN)/uv pip compile --quiet --python $(BIN)/python --custom-compile-command "make lock" $(UPGRADE)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DAGSTER_DISABLE_TELEMETRY := 1
export PYTHONDONTWRITEBYTECODE :=
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup setup-extras setup-annotators pipeline test test-unit coverage lint lock ui doctor clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(READY) ## the virtual environment in .venv, every package pinned

$(READY): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Graspline needs Python 3.11: install it, or say make PYTHON=/path/to/python3.11"; exit 1; }
	@command -v git >/dev/null || { echo "Graspline needs git: install it first"; exit 1; }
	@echo "setting up $(VENV): about 250 pinned packages, two to three minutes"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --no-deps --progress-bar off -r requirements.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.ready-*
	@touch $@

setup-extras: $(EXTRAS_READY) ## what only some need: Ray, and ONNX for the published pose tool

$(EXTRAS_READY): $(READY) requirements-extras.txt
	@echo "adding the extras to $(VENV)"
	@$(BIN)/python -m pip install -qq --no-deps --progress-bar off -r requirements-extras.txt
	@rm -f $(VENV)/.extras-*
	@touch $@

setup-annotators: $(ANNOTATORS_READY) ## what turns raw footage into clips without a GPU, in .venv-annotators

$(ANNOTATORS_READY): requirements-annotators.txt
	@command -v $(PYTHON) >/dev/null || { echo "Graspline needs Python 3.11: install it, or say make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "setting up $(ANNOTATORS): the offline annotators, about two minutes"
	@$(PYTHON) -m venv $(ANNOTATORS)
	@$(ANNOTATORS)/bin/python -m pip install -qq --no-deps --progress-bar off -r requirements-annotators.txt
	@rm -f $(ANNOTATORS)/.ready-*
	@touch $@

pipeline: setup ## from raw clips to a promoted RGB-only model
	$(BIN)/graspline run

test: setup-extras setup-annotators lint ## lint and every test, the whole chain included
	$(PYTEST) --cov

test-unit: setup ## the tests that run neither the whole chain nor long child processes
	$(PYTEST) -m "not end_to_end"

coverage: ## what the last `make test` reached, by file; child processes are not counted
	$(BIN)/coverage report --format=text

lint: setup ## style, layers, spelling, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/basedpyright --level error

lock: setup ## requirements*.txt from the ranges in pyproject.toml; UPGRADE="--upgrade-package NAME" for a newer one
	$(LOCK) pyproject.toml --group dev -o requirements.txt
	$(LOCK) --group ray --group dwpose --group signing --group postgres -c requirements.txt -o requirements-extras.txt
	$(LOCK) --group annotators -o requirements-annotators.txt

ui: setup ## the Dagster and MLflow pages on loopback
	$(BIN)/graspline ui

doctor: setup ## what this machine has and what is missing
	$(BIN)/graspline doctor

clean: ## remove runs and videos; data sets, the registry and the ledger stay
	rm -rf runs videos .coverage .pytest_cache .ruff_cache .import_linter_cache
