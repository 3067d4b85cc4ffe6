# Everything a developer runs. `make help` lists it; a recipe that takes longer than two seconds says what it does.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PYTHON := $(VENV)/bin/python
ACTAS := $(PYTHON) -m actas
RUNTIME := $(VENV)/.runtime
INSTALLED := $(VENV)/.installed
KEYCLOAK_DEMO := $(VENV)/.keycloak-demo
# The Debian packages that this Makefile makes use of. Go builds OPA where no release can be fetched; before 1.21 it
# cannot fetch the newer toolchain that OPA asks for.
# npm, for `make bench` alone, is left to who runs that: Debian's brings hundreds of packages.
PACKAGES := python3 python3-venv git ca-certificates
GO_ENOUGH := 2:1.21
# What `make demo` and the test recipes pass on, such as `make test-unit ARGS="-k scope"`.
ARGS ?=
# The suites run in several processes; what shares a server stays together (tests/conftest.py). `PARALLEL=` takes one.
PARALLEL ?= -n auto --maxprocesses 4 --dist loadfile
SAY := @printf '\n== %s\n'

export PYTHON

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# --- what a newcomer runs

.PHONY: setup
setup: $(INSTALLED) opa ## Virtual environment in .venv, with OPA; does nothing when both are there

.PHONY: demo
demo: $(RUNTIME) opa ## Tell a story of real exchanges against a real service (ARGS=--json for a program)
	@$(PYTHON) deploy/demo $(ARGS)

.PHONY: demo-keycloak
demo-keycloak: $(KEYCLOAK_DEMO) opa ## The same at a real Keycloak, which is fetched (ARGS=--keep leaves it running)
	@for tool in java javac mvn; do \
	  if ! command -v $$tool >/dev/null; then \
	    echo "This needs a JDK, 17 or newer, and Maven; on Debian, 'make deps' as root installs both." >&2; exit 1; \
	  fi; \
	done
	@$(PYTHON) deploy/keycloak/demo $(ARGS)

.PHONY: test
test: lint proto-check lint-deploy test-policy keycloak-jar test-python ## Everything but the slow suites

.PHONY: deps
deps: ## Install what Debian packages offer (as root; else say which)
	@if ! command -v apt-get >/dev/null; then \
	  echo "This is no Debian: what is needed is Python 3.11 or newer with venv, git, a network or Go, a JDK and Maven for Keycloak, PostgreSQL and strace for its tests, and npm and wrk for the benchmark."; exit 0; \
	fi; \
	packages="$(PACKAGES)"; \
	if [ "$$(id -u)" = 0 ]; then echo "Reading what Debian offers"; apt-get -q update; fi; \
	go=$$(apt-cache show --no-all-versions golang-go 2>/dev/null | sed -n 's/^Version: //p'); \
	if ! command -v go >/dev/null && dpkg --compare-versions "$${go:-0}" ge $(GO_ENOUGH); then packages+=" golang-go"; fi; \
	if ! command -v javac >/dev/null; then \
	  jdk=openjdk-17-jdk-headless; \
	  apt-cache show $$jdk >/dev/null 2>&1 || jdk=default-jdk-headless; \
	  packages+=" $$jdk"; \
	fi; \
	command -v mvn >/dev/null || packages+=" maven"; \
	command -v wrk >/dev/null || packages+=" wrk"; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || packages+=" postgresql"; \
	command -v strace >/dev/null || packages+=" strace"; \
	if [ "$$(id -u)" = 0 ]; then \
	  echo "Installing $$packages"; \
	  DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends $$packages; \
	else \
	  echo "Debian offers what is needed: run 'apt-get install $$packages' as root."; \
	fi

# --- the parts of `make test`

.PHONY: lint
lint: setup ## Format, lint and types of the Python, form of the policies
	$(SAY) "ruff and mypy"
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@cd deploy/demo && MYPYPATH=../../service:../shared ../../$(PYTHON) -m mypy --cache-dir ../../.mypy_cache/demo --config-file ../../pyproject.toml __main__.py
	@cd deploy/keycloak/demo && MYPYPATH=../../../service:../harness:../../shared ../../../$(PYTHON) -m mypy --cache-dir ../../../.mypy_cache/keycloak --config-file ../../../pyproject.toml __main__.py orders_db.py
	$(SAY) "opa fmt and opa check, actas lint"
	@opa=$$($(ACTAS) opa path); \
	for root in policies deploy/policy-repo/custom deploy/demo/policies/custom deploy/opa/authz; do \
	  "$$opa" fmt --fail --list $$root || { echo "run 'opa fmt --write $$root'" >&2; exit 1; }; \
	done; \
	"$$opa" check --strict policies
	@$(ACTAS) lint
	@$(ACTAS) lint deploy/policy-repo
	@$(ACTAS) lint deploy/demo/policies
	@$(ACTAS) lint deploy/keycloak/policies

.PHONY: proto-check
proto-check: setup ## The stubs are those of the proto files, and the contract is not broken
	$(SAY) "the contract"
	@sh proto/check.sh

.PHONY: test-policy
test-policy: setup ## The suites and the Rego tests, with 100 % coverage
	$(SAY) "policy tests"
	@$(ACTAS) test policies --coverage --threshold 100
	@$(PYTHON) -m actas.policy.reference --check
	@$(ACTAS) test --policies deploy/policy-repo
	@$(ACTAS) test --policies deploy/demo/policies
	@$(ACTAS) test --policies deploy/keycloak/policies

.PHONY: keycloak-jar
keycloak-jar: ## Build the Keycloak provider, with its unit tests (needs Java 17 and Maven)
	$(SAY) "the Keycloak provider"
	@for tool in javac mvn; do \
	  command -v $$tool >/dev/null || { echo "there is no $$tool: 'make deps' as root installs a JDK and Maven" >&2; exit 1; }; \
	done
	@mkdir -p deploy/keycloak/provider/target
	@$$(command -v flock >/dev/null && echo flock deploy/keycloak/provider/target/.jar.lock) \
	  mvn --batch-mode --quiet --strict-checksums --file deploy/keycloak/provider/pom.xml package

.PHONY: test-python
test-python: setup ## Unit, property, contract and integration tests
	$(SAY) "Python tests"
	@$(PYTHON) -m pytest tests -m "not slow" $(PARALLEL) $(ARGS)

.PHONY: lint-deploy
lint-deploy: setup ## Containers, units, manifests and YAML
	$(SAY) "deployment files"
	@$(PYTHON) -m yamllint --strict -c .yamllint.yaml deploy policies
	@$(PYTHON) -m pytest -q tests/contract/test_deploy.py

# --- longer work

.PHONY: test-slow
test-slow: setup ## The suites that take minutes
	$(SAY) "slow tests"
	@$(PYTHON) -m pytest tests -m slow $(PARALLEL) $(ARGS)

.PHONY: bench
bench: setup ## Actas beside its peers, half an hour (needs Go, npm and wrk; ARGS="--only unary")
	@$(PYTHON) tests/benchmarks/bench.py $(ARGS)

.PHONY: bench-quick
bench-quick: setup ## Its guard against regressions, three minutes, with nothing to install
	@$(PYTHON) tests/benchmarks/bench.py --quick $(ARGS)

.PHONY: bench-plots
bench-plots: setup ## Draw build/bench.json as tests/benchmarks/plots/*.svg
	@$(PYTHON) tests/benchmarks/plots.py $(ARGS)

.PHONY: bench-receipts
bench-receipts: setup ## Ten million receipts on SQLite and PostgreSQL: what each question takes (ARGS="--rows 100000")
	@PYTHONPATH=tests/integration $(PYTHON) tests/benchmarks/bench_receipts.py $(ARGS)

.PHONY: bench-keycloak
bench-keycloak: setup ## What Actas adds to an exchange of a real Keycloak (needs Java and Maven)
	@$(PYTHON) tests/benchmarks/keycloak.py $(ARGS)

.PHONY: mutate
mutate: setup ## Delete or negate each expression of each shipped rule: a case must fail
	@$(PYTHON) tests/policy/mutate.py $(ARGS)

.PHONY: differential
differential: setup ## Ask both engines 100,000 random questions: they must answer the same
	@$(PYTHON) tests/policy/differential.py $(ARGS)

.PHONY: fuzz
fuzz: setup ## Throw 20,000 random inputs at the parsers and the decision
	@$(PYTHON) tests/fuzz/run.py $(ARGS)

# --- what is generated

.PHONY: proto
proto: setup ## Generate the stubs from the proto files
	@sh proto/generate.sh

.PHONY: docs
docs: setup ## Generate the table of checks, rules, fields and cases
	@$(PYTHON) -m actas.policy.reference

.PHONY: clean
clean: ## Remove what was built; OPA stays in the user's cache
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what has to be there

.PHONY: opa
opa: | $(RUNTIME)
	@$(ACTAS) opa path >/dev/null 2>&1 || $(ACTAS) opa fetch >/dev/null

# pip's own output is cut down to the packages that it fetches.
PIP_INSTALL = $(PYTHON) -m pip install --disable-pip-version-check
PACKAGES_ONLY = sed -un -e 's/^Collecting \([^ ]*\).*/  \1/p' -e 's/^Installing collected packages.*/  installing .../p'

# Made again when the dependencies change.
$(RUNTIME): pyproject.toml
	@python=; \
	for found in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$found -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python=$$found; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Actas needs Python 3.11 or newer with its venv module; on Debian: apt-get install python3-venv." >&2; exit 1; \
	fi; \
	if [ ! -x $(PYTHON) ]; then echo "Creating $(VENV) with $$($$python --version)"; $$python -m venv $(VENV); fi
	@echo "Installing Actas into $(VENV), half a minute on a fresh machine:"
	@$(PIP_INSTALL) -e '.[demo]' | $(PACKAGES_ONLY)
	@touch $@

$(KEYCLOAK_DEMO): $(RUNTIME)
	@echo "Installing the MCP server and client of the story with Keycloak:"
	@$(PIP_INSTALL) -e '.[keycloak-demo]' | $(PACKAGES_ONLY)
	@touch $@

$(INSTALLED): $(RUNTIME)
	@echo "Installing the tools of its developers, half a minute on a fresh machine:"
	@$(PIP_INSTALL) -e '.[dev]' | $(PACKAGES_ONLY)
	@touch $@
