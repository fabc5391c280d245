# make examples, make test: each makes .venv, installs what it needs, and runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/$(VENV)/jax-cache
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS ?= 0
export JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES ?= -1

.PHONY: examples test bench lint clean

examples: $(VENV)/.installed
	@echo "examples: runs every script of examples/ in one process and writes examples/output/index.html"
	@$(BIN)/python -m examples

test: $(VENV)/.installed-test
	@echo "test: runs the tests, the examples among them; not the slow ones: $(BIN)/python -m pytest -n auto -m slow"
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m "not slow"

bench: $(VENV)/.installed-test
	@echo "bench: prints how exact and how fast the solvers are, beside scikit-learn, and a step of the nets, beside Keras, TensorFlow and PyTorch where they are"
	@$(BIN)/python tests/benchmarks/accuracy.py
	@$(BIN)/python tests/benchmarks/speed.py
	@$(BIN)/python tests/benchmarks/nets.py

lint: $(VENV)/.installed-lint
	@echo "lint: ruff, then the types of the package"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

clean:
	@echo "clean: removes $(VENV) and examples/output"
	@rm -rf $(VENV) examples/output

# a venv without pip is filled by the outer pip (Debian without python3-venv)
$(BIN)/python:
	@echo "setup: makes $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) 2>/dev/null >&2 || $(PYTHON) -m venv --without-pip --clear $(VENV)

$(VENV)/.installed $(VENV)/.installed-test $(VENV)/.installed-lint: $(VENV)/.installed%: pyproject.toml | $(BIN)/python
	@echo "setup: installs jaxml$(if $*, and its $(subst -,,$*) tools) into $(VENV)"
	@pip="$(BIN)/python -m pip"; $$pip --version >/dev/null 2>&1 || pip="$(PYTHON) -m pip --python $(BIN)/python"; \
	$$pip install --quiet --disable-pip-version-check -e '.$(if $*,[$(subst -,,$*)])'
	@touch $@
