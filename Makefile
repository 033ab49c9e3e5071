# Each target does all its own set-up, and is quick when there is nothing left to do.
#   make run     the three processes, with the demonstration clinic, on http://localhost:8000 and :8001
#   make test    lint, types and every test but the long proofs     make prove   the long proofs
#   make bench   the measurements                                   make lint    ruff, mypy, djlint alone
HOST ?= localhost
PORT ?= 8000
CLINIC_PORT ?= 8001

PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CATALOGUES := $(wildcard app/web/translations/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)

RUN_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core
TEST_PACKAGES := $(RUN_PACKAGES) chromium poppler-utils
BENCH_PACKAGES := $(TEST_PACKAGES) nginx-light wrk

.PHONY: run test prove bench lint lock ready

run: ready
	@.ci/packages $(RUN_PACKAGES)
	PARAVENT_DEMO=1 $(BIN)/paravent run --host $(HOST) --port $(PORT) --clinic-port $(CLINIC_PORT)

test: lint
	@.ci/packages $(TEST_PACKAGES)
	$(BIN)/pytest -m "not prove" -n 2 --dist worksteal

prove: ready
	@.ci/packages $(TEST_PACKAGES)
	$(BIN)/pytest -m prove

bench: ready
	@.ci/packages $(BENCH_PACKAGES)
	$(BIN)/python -m bench

lint: ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet

# Only to change dependencies: edit requirements*.in, then run this with `uv` installed beside Python.
lock:
	uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements.txt
	uv pip compile requirements-dev.in --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements-dev.txt

ready: $(READY) $(COMPILED)

$(READY): requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is missing (on Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/packages python3-venv
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

%.mo: %.po | $(READY)
	$(BIN)/pybabel -q compile -i $< -o $@
