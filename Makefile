PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
UV := 0.13.9
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup simulate test test-long lab app bench check notebooks lock clean

help:
	@echo 'make simulate   the main job: what a longer conservative-care rule does to approvals; writes out/'
	@echo 'make lab        the notebooks in JupyterLab'
	@echo 'make test       the tests and the committed notebooks (test-long: those that take minutes)'
	@echo 'make bench      how fast, against other engines; SIZE="1000000 10000000" for both; writes docs/benchmark.md'
	@echo 'make check      format, lint and types'
	@echo 'make notebooks  execute the committed notebooks again and normalise them'
	@echo 'make setup      only .venv, which every target makes when needed (PYTHON=python3.12 chooses another Python)'
	@echo 'make lock       resolve the dependencies of pyproject.toml again'
	@echo 'make clean      delete out/, build/ and the caches; .venv stays'

setup: $(READY)

# A .venv without a working pip is what an interrupted set-up leaves: begin again.
$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is %d.%d; choose one: make setup PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo 'Setting up .venv: a minute or two the first time'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $(READY)

simulate: setup
	$(BIN)/workbook simulate --set conservative_weeks=8 --out out

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-long: setup
	$(BIN)/python -m pytest -m slow

lab: setup
	$(BIN)/workbook lab

app: setup
	@echo 'make $@: not there yet, it comes with its own issue' >&2; exit 1

SIZE ?= 1000000

bench: $(READY)-engines
	$(BIN)/python -m benchmarks $(addprefix --size ,$(SIZE))

$(READY)-engines: $(READY) requirements-engines.lock
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-engines.lock
	@touch $@

check: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy policy simulations benchmarks workbook.py $(wildcard notebooks/*.py)

notebooks: setup
	$(BIN)/python -m simulations.normalise

lock:
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet uv==$(UV)
	build/uv/bin/uv pip compile pyproject.toml --extra test --extra check --group build --python-version 3.11 \
		--universal --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command 'make lock' --quiet --output-file requirements.lock
	build/uv/bin/uv pip compile pyproject.toml --extra test --extra check --group build --extra spark --group bench \
		--constraint requirements.lock --python-version 3.11 --universal --fork-strategy fewest --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet \
		--output-file requirements-engines.lock

clean:
	rm -rf out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find $(wildcard policy simulations notebooks tests) \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +
