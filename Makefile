PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
AXE := .venv/axe/.ready
UV := 0.13.9
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE # modules are compiled once, not by each of the hundreds of kernels and commands of the tests

.PHONY: help setup simulate test test-long lab app bench check notebooks guide lock clean

help:
	@echo 'make simulate   the main job: what a longer conservative-care rule does to approvals; writes out/'
	@echo 'make app        the notebooks as pages, without code'
	@echo 'make lab        the notebooks in JupyterLab'
	@echo 'make test       the tests and the committed notebooks (test-long: those that take minutes)'
	@echo 'make bench      how fast, against other engines; SIZE="1000000 10000000" for both; writes docs/benchmark.md'
	@echo 'make check      format, lint and types'
	@echo 'make notebooks  execute the committed notebooks again and normalise them'
	@echo 'make guide      take the way of docs/guide.md in a browser and make its pictures again (needs Chromium)'
	@echo 'make setup      only .venv, which every target makes when needed (PYTHON=python3.12 chooses another Python)'
	@echo 'make lock       resolve the dependencies of pyproject.toml again'
	@echo 'make clean      delete out/, build/ and the caches; .venv stays'

# Every other target begins here. A .venv that cannot be used is told and made anew, never used as it is: its Python is
# gone, its pip is missing (an interrupted set-up), it was copied from another folder, or PYTHON=... asks for another version.
setup:
	@why=; if test -e .venv; then \
		if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then why='.venv is broken (its Python or its pip does not start)'; \
		elif test -e $(READY) && ! grep -qsxF "$(CURDIR)" .venv/lib/python*/site-packages/__editable__*.pth; then \
			why='.venv was made in another folder'; \
		elif test '$(origin PYTHON)' = 'command line' && test "$$($(BIN)/python -V)" != "$$($(PYTHON) -V)"; then \
			why=".venv has $$($(BIN)/python -V), not $$($(PYTHON) -V)"; fi; fi; \
	if test -n "$$why"; then $(NEW_ENOUGH) && echo "$$why: making it anew" && rm -rf .venv; fi
	@$(MAKE) --no-print-directory $(READY)

NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is %d.%d; choose one: make setup PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'

$(READY): pyproject.toml requirements.lock
	@$(NEW_ENOUGH)
	@echo 'Setting up .venv: a minute or two the first time'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $(READY)

# What the tests and the checks need beside it.
$(READY)-test: $(READY) requirements-test.lock
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-test.lock
	@touch $@

# axe-core, which looks at pages as somebody does who cannot see them; its tests are skipped where there is no npm.
$(AXE): tests/axe/package.json tests/axe/package-lock.json
	@mkdir -p $(@D) && cp $^ $(@D) && npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

simulate: setup
	$(BIN)/workbook simulate --set conservative_weeks=8 --out out

test: setup
	@$(MAKE) --no-print-directory $(READY)-test
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory $(AXE) || echo 'npm could not install axe-core: its tests are skipped'
	$(BIN)/python -m pytest -n 2

test-long: setup
	@$(MAKE) --no-print-directory $(READY)-test
	$(BIN)/python -m pytest -m slow

lab: setup
	$(BIN)/workbook lab

app: setup
	$(BIN)/workbook app

SIZE ?= 1000000

bench: setup
	@$(MAKE) --no-print-directory $(READY)-engines
	$(BIN)/python -m benchmarks $(addprefix --size ,$(SIZE))

$(READY)-engines: $(READY) requirements-engines.lock
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-engines.lock
	@touch $@

check: setup
	@$(MAKE) --no-print-directory $(READY)-test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy policy simulations benchmarks workbook.py notebooks

notebooks: setup
	@$(MAKE) --no-print-directory $(READY)-test
	$(BIN)/python -m simulations.runs.normalise

guide: setup
	@$(MAKE) --no-print-directory $(READY)-test
	$(BIN)/python -m tests.notebooks.guide

lock:
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet uv==$(UV)
	$(call LOCK,requirements.lock,--group build)
	$(call LOCK,requirements-test.lock,--group dev --constraint requirements.lock)
	$(call LOCK,requirements-engines.lock,--group dev --group spark --group bench --constraint requirements-test.lock)

LOCK = build/uv/bin/uv pip compile pyproject.toml $(2) --python-version 3.11 --universal --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet \
	--output-file $(1)

clean:
	rm -rf out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find $(wildcard policy simulations notebooks tests) \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +
