# Each target does all its own set-up, and is quick when there is nothing left to do.
#   make run     the three processes, with the demonstration clinic, on http://localhost:8000 and :8001
#                (TLS=1 HOST=192.168.… serves by https on that address, to try on a telephone)
#   make test    lint, types and every test but the long proofs     make prove   the long proofs
#   make bench   the measurements                                   make lint    ruff, mypy, djlint alone
#   make texts   after a French text has changed: brings every catalogue's list of texts up to date
HOST ?= localhost
PORT ?= 8000
CLINIC_PORT ?= 8001

PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUNNABLE := $(VENV)/.runnable
READY := $(VENV)/.ready
CATALOGUES := $(wildcard app/web/translations/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)

RUN_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core
TEST_PACKAGES := $(RUN_PACKAGES) chromium poppler-utils
# Other browsers and proxies; a test whose program is missing says so and is skipped.
ALSO_TESTED := --also firefox-esr lynx w3m nginx-light caddy softhsm2 rsyslog rsyslog-openssl openssl
BENCH_PACKAGES := $(TEST_PACKAGES) nginx-light wrk

.PHONY: run test prove bench lint texts lock ready

run: $(RUNNABLE) $(COMPILED)
	@.ci/packages $(RUN_PACKAGES)
	PARAVENT_DEMO=1 $(BIN)/python -m app.cli.main run --host $(HOST) --port $(PORT) --clinic-port $(CLINIC_PORT) $(if $(filter 1,$(TLS)),--tls)

test: lint
	@.ci/packages $(TEST_PACKAGES) $(ALSO_TESTED)
	$(BIN)/pytest -m "not prove" -n 2 --dist worksteal

prove: ready
	@.ci/packages $(BENCH_PACKAGES)
	$(BIN)/pytest -m prove

bench: ready
	@.ci/packages $(BENCH_PACKAGES)
	$(BIN)/python -m bench

lint: ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet

# What is left without English is named by tests/rules/test_translations.py. Every other target compiles the catalogue.
texts: ready
	@mkdir -p build
	$(BIN)/pybabel -q extract -F app/web/babel.cfg -k _l -k lazy_gettext -k lazy_ngettext:1,2 --no-wrap --sort-by-file --add-location=file -o build/messages.pot app templates
	$(BIN)/pybabel -q update -i build/messages.pot -d app/web/translations --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap

# Only to change dependencies: edit requirements*.in, then run this with `uv` installed beside Python.
lock:
	uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements.txt
	uv pip compile requirements-dev.in --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements-dev.txt

ready: $(READY) $(COMPILED)

# What serving needs, and no more, so that a first `make run` is not kept waiting by the tools of tests.
$(RUNNABLE): requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is missing (on Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/packages python3-venv
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.txt
	@touch $@

$(READY): $(RUNNABLE) requirements-dev.txt pyproject.toml
	$(PIP) --require-hashes -r requirements-dev.txt
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

%.mo: %.po | $(RUNNABLE)
	$(BIN)/pybabel -q compile -i $< -o $@
