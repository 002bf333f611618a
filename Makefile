# make demo    install, and ask the demo model about a sample
# make test    lint, types, tests
# make bench   the measurements of docs/benchmarks.md
# make browser the tests of the page, in chromium; without one they fail
# make deploy-check  run the steps of deploy/Dockerfile, without Docker (DEPLOY_ROOTFS: in a Debian)
# make pictures  docs/page.png: the page with the demo model, as its tests see it
# make cluster the tests that need Ray; installs it first (260 MB)
# make gpu     the tests that need a CUDA device, and the speed of the kernels; without one it fails
# make mutants plant bugs in the kernels, one at a time, and see that the tests find them
# make docs    make the generated parts of docs/ again
# make train   teach the demo model anew (docs/demo-model.md)

PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
RUN = .venv/bin/python

.PHONY: demo test lint bench browser pictures deploy-check cluster gpu mutants docs train clean

demo: .venv/run.stamp
	.venv/bin/qvtime ask samples/rally.mp4 "what happens at 2:48" --model demo

test: lint
	$(RUN) -m pytest -m "not browser and not deploy"

lint: .venv/dev.stamp
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

bench: .venv/dev.stamp
	$(RUN) benchmarks/decode.py
	$(RUN) benchmarks/vision.py
	$(RUN) benchmarks/prefix.py
	$(RUN) benchmarks/commands.py moment
	$(RUN) benchmarks/commands.py again
	$(RUN) benchmarks/commands.py minute
	$(RUN) benchmarks/commands.py unchanged
	$(RUN) benchmarks/commands.py hours
	$(RUN) benchmarks/overview.py
	$(RUN) benchmarks/stock.py

browser: .venv/dev.stamp
	QVTIME_REQUIRE_BROWSER=1 $(RUN) -m pytest -m browser

pictures: .venv/dev.stamp
	QVTIME_REQUIRE_BROWSER=1 KEEP_PICTURES=scratch/pictures $(RUN) -m pytest tests/browser/test_pictures.py
	cp scratch/pictures/page-light.png docs/page.png

deploy-check: .venv/dev.stamp
	QVTIME_REQUIRE_DEPLOY=1 DEPLOY_ROOTFS="$(DEPLOY_ROOTFS)" $(RUN) -m pytest -m deploy

cluster: .venv/dev.stamp
	$(PIP) -e '.[ray]'
	QVTIME_REQUIRE_RAY=1 $(RUN) -m pytest -m cluster

gpu: .venv/dev.stamp
	QVTIME_REQUIRE_GPU=1 $(RUN) -m pytest -m gpu
	$(RUN) benchmarks/kernels.py

mutants: .venv/dev.stamp
	$(RUN) tests/kernels/mutants.py

docs: .venv/dev.stamp
	$(RUN) docs/make_cli.py
	$(RUN) docs/make_picture.py

train: .venv/run.stamp
	$(RUN) -m qvtime.training.train --out scratch/course
	$(RUN) -m qvtime.training.export --course scratch/course

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are newer than what they were installed from, so that a second run installs nothing.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "qvtime needs Python 3.11 or later; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e .
	touch $@

.venv/dev.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[dev]'
	touch $@ .venv/run.stamp
