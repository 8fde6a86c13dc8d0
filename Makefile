# Two commands do everything on a fresh machine: `make demo` and `make test`.
# They need Python 3.11+ (with venv) and, for a private Godot, a Debian-like system; else set GODOT=/path/to/godot.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CONSTRAINTS := backend/rl_studio/constraints.txt
GDSCRIPT := $(shell find godot_addon tests sample_project benchmarks -name '*.gd' -not -path 'sample_project/addons/*' 2>/dev/null)

.PHONY: help demo test test-all lint format bench docs setup setup-rllib godot addon clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: setup ## Train the sample game, export the policy, play it in Godot
	$(BIN)/rl-studio demo $(DEMO_ARGS)

test: $(VENV)/.rllib godot lint ## Lint, then the whole test suite
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-all: ## The same with every algorithm on every kind of observations and actions
	$(MAKE) test PYTEST_ARGS='-m "" $(PYTEST_ARGS)'

lint: setup ## ruff, mypy, gdformat, gdlint (GDScript warnings are checked by the tests, in Godot)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/gdformat --check $(GDSCRIPT)
	$(BIN)/gdlint $(GDSCRIPT)

format: setup ## Format Python and GDScript
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/gdformat $(GDSCRIPT)

bench: setup godot ## Run the benchmarks
	@status=0; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || status=1; done; exit $$status

docs: setup ## Regenerate the pages made from code
	$(BIN)/python -m rl_studio.protocol.document docs/protocol.md
	$(BIN)/python -m rl_studio.experiments.document docs/configuration.md
	$(BIN)/python -m rl_studio.cli.document docs/command-line.md

godot: setup ## Find Godot, or set up a private copy
	$(BIN)/rl-studio godot --install

addon: ## Build the addon as it is given to users, with the Python package in it, in dist
	PYTHONPATH=backend $(PYTHON) -m rl_studio.build_addon dist

setup: $(VENV)/.ready

setup-rllib: $(VENV)/.rllib ## Install RLlib, too, for several policies at once

$(VENV)/.ready: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[sb3,dev]'
	touch $@

# Ray takes as much room as the rest without PyTorch (0.7 GB), and a demo needs none of it.
$(VENV)/.rllib: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[sb3,rllib,dev]'
	touch $@

clean: ## Remove the virtual environment and caches; a private Godot stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
