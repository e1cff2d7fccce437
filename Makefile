# The same commands here and in CI. A fresh machine needs git, make and Python 3.11 or newer.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FUZZ := .venv-fuzz
AUDIT := .venv-audit
SECONDS := 60
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help setup demo test soak fuzz audit lint bench docs lock clean

help:
	@echo "make demo    the whole story on made-up data, in a throw-away clone"
	@echo "make test    every promise of the README, proven; some minutes"
	@echo "make soak    the sweeps, seeds and races again with their full counts; under an hour"
	@echo "make fuzz    the readers of strangers' bytes under libFuzzer, SECONDS=60 each (Linux)"
	@echo "make audit   known faults of what is installed, and of our code; asks the index (network)"
	@echo "make lint    formatting, rules, types"
	@echo "make docs    the documentation as a site, in site/"
	@echo "make bench   the numbers of docs/design.md, measured here"

setup: $(READY)

# Built once, and again when a lock changes. Every package, the build backend too, is held to its hash.
$(READY): requirements.lock requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
	  || { echo "This Python cannot make a virtual environment (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing into $(VENV) (a few minutes, once) ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q reconciler  # else each start compiles anew where writing bytecode is switched off
	@touch $(READY)

demo: $(READY)
	@$(BIN)/python demo/run.py

# Some thousand processes are started: none of them may have to compile anew.
test soak: export PYTHONDONTWRITEBYTECODE =

test: $(READY)
	@$(PYTEST)

# The counts are in tests/support/effort.py.
soak: $(READY)
	@EFFORT=full $(PYTEST) -m soak
# One worker more than the two processors that are reckoned with: tests wait for disks and for what they start.
WORKERS := 3
PYTEST := sh tests/support/in_memory.sh $(BIN)/python -m pytest -n $(WORKERS) --durations 15

# In an environment of its own: what is fuzzed is instrumented, and its package exists for Linux only.
fuzz: $(FUZZ)/.ready
	@for target in manifest expression journal revision; do \
	  $(FUZZ)/bin/python -m tests.fuzz.run $$target $(SECONDS) || exit 1; done

$(FUZZ)/.ready: requirements-fuzz.lock
	@test "$$(uname)" = Linux || { echo "make fuzz needs Linux: atheris has no packages for other systems" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(FUZZ)
	@$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	@touch $@

# In an environment of its own: what looks at our libraries is none of them. What cannot be looked up fails.
audit: $(AUDIT)/.ready
	$(AUDIT)/bin/bandit --quiet --configfile pyproject.toml --recursive reconciler
	for lock in requirements*.lock; do \
	  $(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$lock || exit 1; done

$(AUDIT)/.ready: requirements-audit.lock
	@$(PYTHON) -m venv --clear $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.lock
	@touch $@

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/fifty_models.py
	$(BIN)/python benchmarks/comment.py
	$(BIN)/python benchmarks/wide.py

# The site, from docs/; its generated pages are written anew.
docs: $(READY)
	$(BIN)/python docs/write_reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

# The locks carry hashes and no addresses.
lock: $(READY)
	$(BIN)/pip-compile $(LOCK) -o requirements.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra dev -o requirements-dev.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra github --extra stores -c requirements.lock -o requirements-action.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra github --extra gitlab --extra serve --extra stores -c requirements.lock -o requirements-container.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK) --only-build-deps --build-deps-for wheel -c requirements-dev.lock -o requirements-build.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra fuzz -o requirements-fuzz.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra audit -o requirements-audit.lock pyproject.toml
	$(BIN)/python .ci/extras_first.py requirements*.lock
LOCK := --quiet --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
  --no-emit-trusted-host --no-strip-extras --allow-unsafe

clean:
	rm -rf $(VENV) $(FUZZ) $(AUDIT) site .mypy_cache .pytest_cache .ruff_cache .hypothesis
