# Needs Python 3.11 or newer, git and make; everything else is installed into .venv.
# The first that works and is new enough; 3.11 is what constraints.txt was tested with.
PYTHON ?= $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
RUN := runs/demo
WORKERS ?= 2
INSTALL := $(VENV)/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt
# One thread a process: workers are the parallelism, and sums do not depend on the number of cores.
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1

.PHONY: demo lion constants normalizers test lint bench clean

demo: $(VENV)/installed
	rm -rf $(RUN)
	$(VENV)/bin/discover run functions/exp2 --workers $(WORKERS) --out $(RUN)
	$(VENV)/bin/discover report $(RUN) --picture $(RUN)/front.png
	$(VENV)/bin/discover export $(RUN) --to python -o $(RUN)/exp2.py
	$(VENV)/bin/python $(RUN)/exp2.py --selftest
	@echo "The picture is $(RUN)/front.png; more finds: $(VENV)/bin/discover top $(RUN)"

lion: $(VENV)/installed
	rm -rf runs/lion
	$(VENV)/bin/discover run optimizers/lion --workers $(WORKERS) --out runs/lion
	$(VENV)/bin/discover report runs/lion --picture runs/lion/front.png
	$(VENV)/bin/discover funnel runs/lion
	$(VENV)/bin/discover export runs/lion -o runs/lion/optimizer.py
	$(VENV)/bin/python runs/lion/optimizer.py --selftest

constants: $(VENV)/installed
	rm -rf runs/constants
	$(VENV)/bin/discover run constants/box2 --workers $(WORKERS) --out runs/constants
	$(VENV)/bin/discover funnel runs/constants
	$(VENV)/bin/discover report runs/constants --picture runs/constants/formulas.html > runs/constants/formulas.txt
	$(VENV)/bin/discover export runs/constants -o runs/constants/formula.py
	$(VENV)/bin/python runs/constants/formula.py 60
	@echo "All formulas, typeset: runs/constants/formulas.html"

normalizers: $(VENV)/installed
	rm -rf runs/normalizers
	$(VENV)/bin/discover run normalizers/s-series --workers $(WORKERS) --out runs/normalizers
	$(VENV)/bin/discover funnel runs/normalizers
	$(VENV)/bin/discover report runs/normalizers --picture runs/normalizers/front.png
	$(VENV)/bin/discover export runs/normalizers -o runs/normalizers/normalizer.py
	$(VENV)/bin/python runs/normalizers/normalizer.py --selftest

test: $(VENV)/installed
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile

lint: $(VENV)/installed-lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

bench: $(VENV)/installed-bench
	for name in $(basename $(notdir $(filter-out %/__init__.py,$(wildcard benchmarks/*.py)))); do \
		$(VENV)/bin/python -m benchmarks.$$name || exit 1; \
	done

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) -e '.[plot,test]'
	touch $@

$(VENV)/installed-lint: $(VENV)/installed
	$(INSTALL) -e '.[lint]'
	touch $@

$(VENV)/installed-bench: $(VENV)/installed
	$(INSTALL) -e '.[bench]'
	touch $@
