# The README's commands. Every target installs what it needs; stamps in .venv say what is there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_MODULES := tests/system/opcua/node_modules
SDK_MODULES := tests/clients/typescript/node_modules
TOOLS := .venv-tools
# More than two processors have work for: the system tests wait much of their time.
TEST_PROCESSES ?= 3

.PHONY: demo setup test check bench crash soak conformance format lock specs clean

demo: $(VENV)/.setup  ## four simulated machines and the server, in the foreground
	$(BIN)/aas-server demo

setup: $(VENV)/.setup  ## .venv with aas-server in it

test: check $(VENV)/.debian $(NODE_MODULES)/.setup $(SDK_MODULES)/.setup $(TOOLS)/.setup  ## everything: lint, types, layers, unit and system tests
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

bench: $(VENV)/.dev  ## benchmarks as ratios within one run, printed as a table
	scripts/debian-packages benchmarks/debian-packages.txt
	$(BIN)/python -m benchmarks

crash: $(VENV)/.dev $(VENV)/.debian  ## 50 rounds of kill -9 under 32 writers, on SQLite and on PostgreSQL; CRASH_ROUNDS, CRASH_SEED
	CRASH_ROUNDS=$${CRASH_ROUNDS:-50} $(BIN)/python -m pytest -s tests/system/test_crash.py

soak: $(VENV)/.dev $(VENV)/.debian $(NODE_MODULES)/.setup  ## ten minutes of random faults; SOAK_SECONDS, SOAK_SEED; writes its result into specs/CONFORMANCE.md
	$(BIN)/python -m tests.soak

conformance: $(VENV)/.dev $(TOOLS)/.setup  ## the official test tool against our server; writes specs/CONFORMANCE.md
	$(BIN)/python -m tests.conformance

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

specs: $(VENV)/.dev  ## generated promises: JSON Schemas of what people write, the OpenAPI document
	$(BIN)/aas-server schema plant > specs/plant-file.schema.json
	$(BIN)/aas-server schema openapi > specs/openapi.json
	$(BIN)/aas-server schema template > specs/template-source.schema.json

lock: $(VENV)/.dev  ## pin every package with its hashes after a change in pyproject.toml
	scripts/lock $(BIN)/python

clean:
	rm -rf $(VENV) $(TOOLS) $(NODE_MODULES) $(SDK_MODULES) .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .schemathesis

$(VENV)/.python:
	scripts/make-venv $(PYTHON) $(VENV)
	touch $@

$(VENV)/.setup: $(VENV)/.python requirements.txt requirements-build.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements.txt -r requirements-build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.setup requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

$(VENV)/.debian: tests/debian-packages.txt $(VENV)/.python
	scripts/debian-packages $<
	touch $@

$(NODE_MODULES)/.setup: tests/system/opcua/package-lock.json $(VENV)/.debian
	cd tests/system/opcua && npm ci --silent --ignore-scripts
	touch $@

$(SDK_MODULES)/.setup: tests/clients/typescript/package-lock.json $(VENV)/.debian
	cd tests/clients/typescript && npm ci --silent --ignore-scripts
	touch $@

# The tools and clients of others, apart from our own packages: their pins are not ours.
$(TOOLS)/.setup: tests/clients/requirements.txt
	scripts/make-venv $(PYTHON) $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@
