# Every target makes the environment from the lock file first; nothing else has to be installed.
PYTHON ?= python3
VENV := .venv
PHOENIX := .venv-phoenix
PROMTOOL := .promtool
BIN := $(VENV)/bin
ARGS ?=
SUITE := -m "not slow" --cov=processors --cov=models --cov-report=term:skip-covered --cov-fail-under=95

.PHONY: help env phoenix promtool demo test check format bench schemas lock clean
.DEFAULT_GOAL := help

help: ## List what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

env: $(VENV)/.ready ## The Python environment, from requirements.lock (about half a minute)

phoenix: $(PHOENIX)/.ready ## A Phoenix server's environment, which tests start; it would double the size of ours

$(PHOENIX)/.ready: requirements-phoenix.lock $(VENV)/.ready
	@echo "environment: creating $(PHOENIX)"
	@$(PYTHON) -m venv --clear $(PHOENIX)
	@$(BIN)/uv pip sync --python $(PHOENIX)/bin/python --require-hashes requirements-phoenix.lock
	@touch $@

promtool: $(PROMTOOL)/promtool ## Prometheus' checker of alert rules, out of Debian's package; needs no root

# With lists of its own, apt-get needs no root; those of the system may be old or empty.
$(PROMTOOL)/promtool:
	@rm -rf $(PROMTOOL) && mkdir -p $(PROMTOOL)/lists/partial $(PROMTOOL)/cache/archives/partial
	@cd $(PROMTOOL) && set -e; own="-o Dir::State::lists=$$PWD/lists -o Dir::Cache=$$PWD/cache -o APT::Sandbox::User="; \
	  apt-get -qq download prometheus 2>/dev/null || { apt-get -qq $$own update; apt-get -qq $$own download prometheus; }; \
	  dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
	@mv $(PROMTOOL)/usr/bin/promtool $@
	@rm -rf $(PROMTOOL)/usr $(PROMTOOL)/lists $(PROMTOOL)/cache $(PROMTOOL)/prometheus_*.deb

# uv comes out of the same lock file as everything else, so that its hash is checked too.
$(VENV)/.ready: requirements.lock
	@echo "environment: creating $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock
	@echo "environment: installing $$(grep -c == requirements.lock) locked packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements.lock
	@ln -sf ../../bin/signalbox $(BIN)/signalbox
	@touch $@
	@echo "environment: ready"

demo: env ## Broker, worker, trainer and a simulated router; watch the reward climb (ARGS="...")
	@bin/signalbox demo $(ARGS)

test: env phoenix ## The test suite, with the coverage that processors/ and models/ must keep (ARGS="-m slow" for the rest)
	@$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),$(SUITE))

check: env ## Lint, format, types and the import rule
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: env ## Put the sources into the one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: env ## All benchmarks into benchmarks/results (ARGS="run ID --json" for one)
	@$(BIN)/python -m benchmarks $(if $(ARGS),$(ARGS),run --all --write)

schemas: env ## Write schemas/ anew from the event types
	@$(BIN)/python -m schemas.generate

lock: env ## Pin the newest versions that fit pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --upgrade --no-emit-index-url --generate-hashes --universal --python-version 3.11 \
	  --group service --group learning --group test --group lint --group benchmark --group lock -q -o requirements.lock
	@$(BIN)/uv pip compile --group phoenix --upgrade --no-emit-index-url --generate-hashes --universal --python-version 3.11 \
	  -q -o requirements-phoenix.lock

clean: ## Remove the environment and every cache
	rm -rf $(VENV) $(PHOENIX) $(PROMTOOL) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
