# Everything happens in the checkout's own .venv; the machine needs Python 3.11+, make and a package index.
PYTHON ?= python3
VENV := .venv
UV := $(VENV)/bin/uv
BIN := $(VENV)/bin

.PHONY: demo test lint bench clean

$(UV):
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ringproof needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv

# --inexact keeps uv itself, which lives in the same environment.
$(VENV)/.synced: $(UV) uv.lock pyproject.toml server/pyproject.toml client_sdk/pyproject.toml rcml/pyproject.toml mobile_demo/pyproject.toml
	@$(UV) sync --frozen --inexact --quiet
	@touch $@

demo: $(VENV)/.synced
	@$(BIN)/ringproof-server demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT)) $(if $(SEED),--seed $(SEED))

# Most tests wait for servers, telephones and browsers, so several run at a time; a file stays in one process, and
# the long ones come first.
TEST_PROCESSES ?= 4
test: $(VENV)/.synced
	@$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.synced
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.synced
	@$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
