# `make` alone lists what there is. Every target sets up what it needs first; where nothing changed that takes no time.

PYTHON ?= python3
PY := .venv/bin/python
UNIT ?=
LAB_ARGS ?=
# Tests at a time. What shares a folder or a server stays on one of them (tests/conftest.py says what).
WORKERS ?= 2
# One thread: the same numbers, and so the same notebooks, on every machine.
AUTOGRADER := OMP_NUM_THREADS=1 $(PY) -m autograder

# A Python that was asked for (PYTHON=python3.12 make lab) is used even where .venv holds another.
ASKED := $(if $(filter file,$(origin PYTHON)),,--this-python)
SET_UP = @command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here; install Python 3.11 or newer." >&2; exit 1; }; \
	"$(PYTHON)" scripts/setup.py $(ASKED)

.DEFAULT_GOAL := help
.PHONY: help setup lab test test-all test-everything grade notebooks audit site site-serve slides release clean with-grade with-test with-site

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup:  ## build .venv with all a learner needs (the other targets do this by themselves)
	$(SET_UP) lab

lab: setup  ## copy lectures and problem sets to work/, open JupyterLab on the start page (options: LAB_ARGS="...")
	@$(PY) scripts/lab.py $(LAB_ARGS)

test: with-test  ## lint, type-check and run the tests that take seconds (a sample where there are very many alike)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not slow and not browser"

test-all: CHOSEN = -m "not everything"  ## the slow tests, too, and those in a real browser (about an hour; needs Chromium)
test-everything: CHOSEN =  ## all there are: every answer of the corpus, every notebook in the browser (hours)
test-all test-everything:
	$(SET_UP) --needs chromium lab grade test site
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup $(CHOSEN)

grade: with-grade  ## grade a sample class in units 00 and 03 (or in UNIT=09), write feedback, print the gradebook
	$(AUTOGRADER) grade --sample $(or $(UNIT),00 03)

notebooks: with-grade  ## build all notebooks from their text masters, and prove them
	$(AUTOGRADER) notebooks

audit: with-grade  ## measure how often checks err, for all units or one (UNIT=09)
	$(AUTOGRADER) audit $(UNIT)

site: with-site  ## build the course as a static book, build/site/html (some minutes)
	$(AUTOGRADER) site

site-serve: with-site  ## build it, and show it at http://127.0.0.1:8000
	$(AUTOGRADER) site --serve 8000

slides: with-site  ## make slides of every lecture, for Reveal.js, build/slides/index.html (seconds)
	$(AUTOGRADER) slides $(UNIT)

release: setup  ## build the library alone, and try its wheel in an empty environment (dist/)
	@$(PY) scripts/release.py

clean:  ## remove .venv and caches (work/ and the grader's data stay)
	rm -rf .venv build src/*.egg-info *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

with-grade:
	$(SET_UP) lab grade

with-site:
	$(SET_UP) lab grade site

with-test:
	$(SET_UP) lab grade test
