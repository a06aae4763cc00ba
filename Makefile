# One virtual environment for everything; "make compare" and "make test" set it up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
export OMP_NUM_THREADS = 1

.PHONY: compare test test-floor test-py313 lint docs clean

compare: $(VENV)/.installed
	$(BIN)/graphfuse compare $(ARGS)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

# Not part of .ci/run: each sets up an environment of its own, or says why it cannot.
test-floor:
	$(PYTHON) benchmarks/floors.py --python python3.11 --floors --folder .venv-floor $(ARGS)

test-py313:
	$(PYTHON) benchmarks/floors.py --python python3.13 --folder .venv-py313 $(ARGS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/codespell

docs: $(VENV)/.installed-test
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -e .
	touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -e '.[test]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) .venv-floor .venv-py313 build dist *.egg-info docs/_build .pytest_cache .mypy_cache .ruff_cache
