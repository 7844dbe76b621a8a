# Every target sets up .venv by itself: the first run needs the network, later ones do not.
#   make test ARGS="-k queues"                 pass arguments on
#   make test PYTHON=/usr/local/bin/python3.13  use another interpreter
#   make lock UPGRADE=1                        newest versions instead of the fewest changes

PYTHON ?=
BIN := .venv/bin

.PHONY: help setup demo test test-oracles lint types check-imports bench dist lock clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: setup ## judge the targets of a shipped plan
	@$(BIN)/plansim run yuyao-2016 $(ARGS)

test: setup ## run all tests
	@$(BIN)/pytest $(ARGS)

# In one process: of two that import pint for the first time one reads what the other still writes.
test-oracles: export SCRIPT = $(FIND_PYTHON)$(ORACLES)
test-oracles: ## compare results with large packages, in an environment of their own
	@PYTHON="$(PYTHON)" sh -c "$$SCRIPT"
	@XDG_CACHE_HOME="$(CURDIR)/.venv-oracles/cache" .venv-oracles/bin/pytest -n 0 -W default tests/oracles $(ARGS)

lint: setup ## check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup ## check types
	@$(BIN)/mypy

check-imports: setup ## check that the packages import only downwards
	@$(BIN)/lint-imports

bench: setup ## measure the speed of the engine
	@$(BIN)/python benchmarks/engine.py $(ARGS)

# In an empty folder that holds what git tracks and nothing else: a deleted module, a stray file, an
# earlier build would be packed as well.
dist: setup ## build the sdist and, from it, the wheel
	@$(BIN)/python tests/packing.py dist

setup: export SCRIPT = $(FIND_PYTHON)$(SETUP)
setup: ## make or refresh .venv
	@PYTHON="$(PYTHON)" sh -c "$$SCRIPT"

lock: export SCRIPT = $(FIND_PYTHON)$(LOCK)
lock: ## write requirements.lock anew from pyproject.toml
	@PYTHON="$(PYTHON)" UPGRADE="$(UPGRADE)" sh -c "$$SCRIPT"

clean: ## remove .venv, caches and builds
	@rm -rf .venv .venv-oracles build dist plansim.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

# find_python sets $python to a Python that is new enough and can make environments. It tries each
# name by running it: a name on the path may be a wrapper around nothing.
define FIND_PYTHON
set -eu
fail() { echo "plansim: $$1" >&2; exit 1; }

find_python() {
    if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"
    else set -- python3 python3.13 python3.12 python3.11 python3.14; fi
    no_venv=
    for python do
        "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then
            python=$$("$$python" -c 'import sys; print(sys._base_executable)')
            return
        fi
        no_venv=$${no_venv:-$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')}
    done
    [ -z "$$no_venv" ] || fail "Python $$no_venv is here but without venv; Debian, Ubuntu: sudo apt install python$$no_venv-venv"
    [ -z "$$PYTHON" ] || fail "$$PYTHON is not a Python of version 3.11 or newer"
    fail "needs Python 3.11 or newer with venv; Debian 12, Ubuntu 24.04 or later: sudo apt install python3-venv; Ubuntu 22.04: sudo apt install python3.11-venv"
}

endef

# Two stamps: another requirements.lock makes .venv anew, another pyproject.toml only installs the
# project again, which needs no network. A stamp goes before the work begins and comes back after
# it is done, and holds the folder's path, as an environment that was moved does not work.
define SETUP
stamp_of() { { pwd -P; cat "$$@"; } | { sha256sum 2>/dev/null || shasum -a 256; } | cut -d ' ' -f 1; }
stamp() { echo "$$2" > ".venv/$$1.new" && mv ".venv/$$1.new" ".venv/$$1"; }
stamped() { [ "$$(cat ".venv/$$1" 2>/dev/null)" = "$$2" ]; }
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$$@"; }

runs() {
    which='import sys; print(sys.version, sys.base_prefix)'
    mine=$$(.venv/bin/python -c "$$which" 2>/dev/null) || return 1
    [ -z "$$PYTHON" ] || [ "$$mine" = "$$("$$PYTHON" -c "$$which" 2>/dev/null)" ]
}

lock=$$(stamp_of requirements.lock)
project=$$(stamp_of requirements.lock pyproject.toml)
if ! stamped lock.stamp "$$lock" || ! runs; then
    find_python
    echo "plansim: setting up .venv with $$python (once; downloads about 190 MB)" >&2
    rm -f .venv/lock.stamp .venv/project.stamp
    "$$python" -m venv --clear .venv
    pip install --no-compile --require-hashes --only-binary :all: -r requirements.lock
    # on all cores, which pip does not; files for other Pythons may fail and are never imported
    .venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || :
    stamp lock.stamp "$$lock"
fi
if ! stamped project.stamp "$$project"; then
    rm -f .venv/project.stamp
    # the type checker wants the package in a folder of its name: .venv/typing/plansim is this one
    rm -rf .venv/typing && mkdir .venv/typing && ln -s ../.. .venv/typing/plansim
    pip install --no-deps --no-build-isolation -e .
    faults=$$(.venv/bin/python -m pip --disable-pip-version-check check) || fail "$$faults; run: make lock"
    stamp project.stamp "$$project"
fi
endef

# The extra "oracles" of pyproject.toml; not locked, as nothing that is shipped depends on it.
define ORACLES
stamp=$$({ pwd -P; cat pyproject.toml; } | { sha256sum 2>/dev/null || shasum -a 256; } | cut -d ' ' -f 1)
if [ "$$(cat .venv-oracles/stamp 2>/dev/null)" != "$$stamp" ]; then
    find_python
    echo "plansim: setting up .venv-oracles with $$python (once; downloads about 600 MB)" >&2
    rm -f .venv-oracles/stamp
    .venv-oracles/bin/python -c '' 2>/dev/null || "$$python" -m venv --clear .venv-oracles
    .venv-oracles/bin/python -m pip --disable-pip-version-check --quiet install -e '.[oracles]'
    echo "$$stamp" > .venv-oracles/stamp
fi
endef

# Hashes of every file of every package, for all platforms and Pythons; no address of any index.
define LOCK
find_python
tmp=$$(mktemp -d)
trap 'rm -rf "$$tmp"' EXIT
trap 'exit 130' INT TERM
"$$python" -m venv "$$tmp/venv"
"$$tmp/venv/bin/pip" --disable-pip-version-check --quiet install 'uv>=0.5'
if [ -z "$$UPGRADE" ] && [ -f requirements.lock ]; then cp requirements.lock "$$tmp/lock"; fi
"$$tmp/venv/bin/uv" pip compile pyproject.toml --extra dev --python "$$tmp/venv/bin/python" \
    --universal --python-version 3.11 --fork-strategy fewest --only-binary :all: \
    --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet -o "$$tmp/lock"
{ echo '# Written by "make lock" from pyproject.toml: all platforms, Python 3.11 and newer.'
  cat "$$tmp/lock"; } > "$$tmp/new"
cp "$$tmp/new" requirements.lock
endef
