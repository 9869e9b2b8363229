# Each target works on a fresh clone. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
HTML := _build/html
PORT ?= 8000
ROUNDS ?= 10
BOUND ?= lowest

.DEFAULT_GOAL := help
.PHONY: help book pdf test test-all portable versions seeds search lint fix bench serve lock clean chromium engines

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.txt pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11; set PYTHON to a newer one, e.g. make PYTHON=python3.12 book"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments; on Debian or Ubuntu install the package python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

book: $(READY) ## execute the notebooks and write _build/html/index.html
	$(BIN)/jupyter-book build book --config "$(CURDIR)/_config.yml" --toc "$(CURDIR)/_toc.yml" --path-output "$(CURDIR)" -n -W --keep-going

test: book chromium ## test the package, the notebooks and the built book in a real Chromium
	CHROMIUM="$$(scripts/find-chromium $(BIN)/python)" OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow"

test-all: book chromium engines ## the same, with the slow tests: every notebook in a clean environment, every page in Firefox and WebKit
	CHROMIUM="$$(scripts/find-chromium $(BIN)/python)" OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

pdf: book chromium ## print the book to _build/html/gan-tutorial.pdf and link it from the landing page
	CHROMIUM="$$(scripts/find-chromium $(BIN)/python)" $(BIN)/python scripts/pdf.py

portable: $(READY) ## tests and notebooks as on other processors and in other surroundings (VARIANT=no-avx-1 for one of them)
	$(BIN)/python scripts/portable.py $(VARIANT)

seeds: $(READY) ## notebooks with other seeds than theirs: NOTEBOOK=… for one, OFFSETS="1 2"
	$(BIN)/python scripts/other_seeds.py $(NOTEBOOK) $(if $(OFFSETS),--offsets $(OFFSETS))

# Old libraries use what newer ones that they allow have deprecated: that is no news of ours.
versions: ## the package's tests with the lowest versions that pyproject.toml allows (BOUND=newest: the newest there are)
	$(PYTHON) -m venv --clear _build/$(BOUND)
	_build/$(BOUND)/bin/python -m pip install --quiet --disable-pip-version-check $$($(PYTHON) scripts/bounds.py $(BOUND))
	OMP_NUM_THREADS=1 PYTHONPATH="$(CURDIR)" _build/$(BOUND)/bin/python -m pytest -n 2 -m "not browser and not book and not slow" \
		--ignore=tests/test_launch.py --ignore=tests/test_portable.py $(if $(filter lowest,$(BOUND)),-W ignore::DeprecationWarning)

search: $(READY) ## property tests on new random examples, ROUNDS times over
	for round in $$(seq $(ROUNDS)); do OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -q -m hypothesis --hypothesis-profile=search || exit 1; done

chromium: $(READY)
	@scripts/find-chromium $(BIN)/python

engines:
	@scripts/find-engine firefox
	@scripts/find-engine webkit || [ "$$(uname)" != Linux ]

lint: $(READY) ## ruff on code and notebooks, mypy on the package; notebooks carry no outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python scripts/check_notebooks.py
	$(BIN)/python scripts/chapter_table.py --check

fix: $(READY) ## what lint can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python scripts/check_notebooks.py --fix
	$(BIN)/python scripts/chapter_table.py

bench: book chromium ## measure everything side by side; results go to benchmarks/results
	CHROMIUM="$$(scripts/find-chromium $(BIN)/python)" $(BIN)/python -m benchmarks --readme README.md

serve: book ## show the book at http://localhost:8000 (PORT=… for another)
	$(BIN)/python -m http.server --directory $(HTML) --bind 127.0.0.1 $(PORT)

lock: ## pin requirements.in and all it needs in requirements.txt
	$(PYTHON) -m venv _build/lock
	_build/lock/bin/python -m pip install --quiet pip-tools==7.6.2 'pip<26'
	_build/lock/bin/pip-compile --quiet --strip-extras --allow-unsafe --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file _build/requirements.txt requirements.in
	{ echo '# Made by `make lock` from requirements.in: one environment that builds the same book next year.'; sed -e 's/+cpu$$//' -e '/^$$/d' _build/requirements.txt; } > requirements.txt

clean: ## remove everything that was made
	rm -rf _build build $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info
