# `make demo` and `make test` set up everything they need; see README.md.
PYTHON ?= python3
BIN := .venv/bin
INPUTS := pyproject.toml constraints.txt
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
ROOTS := core plugins sim scenarios tests

.PHONY: demo test lint docs coverage bench floors clean
.DELETE_ON_ERROR:

demo: .venv/installed
	$(BIN)/stillage run sorting

test: lint
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/installed-test docs
	$(BIN)/ruff check $(ROOTS) docs
	$(BIN)/ruff format --check $(ROOTS) docs
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

docs: .venv/installed-test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

coverage: .venv/installed-test
	$(BIN)/coverage erase
	$(ONE_THREAD) $(BIN)/coverage run -m pytest -n 2 --dist loadfile --timeout 600
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: .venv/installed-bench
	$(ONE_THREAD) $(BIN)/python -m tests.benchmarks

floors: .venv/installed-test
	$(ONE_THREAD) $(BIN)/python -m tests.floors

clean:
	rm -rf .venv dist site .pytest_cache .mypy_cache .ruff_cache .coverage*
	rm -f benchmarks.json floors.json
	find $(ROOTS) -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "make: $(PYTHON) is older than Python 3.11 or missing; try: make PYTHON=python3.11" >&2; \
	  exit 2; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 2; }

.venv/installed: $(INPUTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/installed-test: $(INPUTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,docs]"
	touch $@ .venv/installed

.venv/installed-bench: tests/benchmarks/peers.txt constraints.txt | .venv/installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r tests/benchmarks/peers.txt
	touch $@
