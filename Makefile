# make up, make test: everything else is for when you change something.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
# Bytecode is kept even where the shell says otherwise: each command would compile the SDKs again.
unexport PYTHONDONTWRITEBYTECODE
PYTHON := .venv/bin/python
SERVICES := event-messages service-runtime reminder-service event-service notification-scheduler notification-service
EDITABLE := -e . $(SERVICES:%=-e services/%)
DEBIAN_PACKAGES := containerd runc containernetworking-plugins iptables iproute2 docker-registry mmdebstrap postgresql

.PHONY: help
help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s $$'\t'

.PHONY: up
up: packages tools ## Start the local environment and provision the platform on it
	@$(PYTHON) -m local up

.PHONY: down status logs urls token clean
down: .venv/ready ## Stop everything that `make up` started
	@$(PYTHON) -m local down
status: .venv/ready ## The processes of the local environment, their health and memory
	@$(PYTHON) -m local status
logs: .venv/ready ## Follow the logs of the local environment
	@$(PYTHON) -m local logs
urls: .venv/ready ## NAME=value lines for a shell: eval "$$(make -s urls)"
	@$(PYTHON) -m local urls
token: .venv/ready ## A token for curl: make -s token USER=ada EMAIL=ada@example.com
	@$(PYTHON) -m local token --user "$(USER)" $(if $(EMAIL),--email "$(EMAIL)")
clean: .venv/ready ## Stop the local environment and remove its state
	@$(PYTHON) -m local clean

.PHONY: tools
tools: .venv/ready ## Build the programs that no package registry ships
	@$(PYTHON) -P tools/build.py .local/bin

.PHONY: packages
packages: ## Install the Debian packages that the local environment needs
	@known=$$(dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(DEBIAN_PACKAGES) 2>/dev/null) || true  # fails when it knows not all
	missing=$$(awk '$$1 == "installed" {print $$2}' <<< "$$known" | sort | comm -13 - <(printf '%s\n' $(DEBIAN_PACKAGES) | sort))
	if [[ -n "$$missing" ]]; then
	  [[ $$(id -u) == 0 ]] || { echo "make: root is needed to install $$missing; run it as root or install them yourself" >&2; exit 1; }
	  echo "Installing" $$missing
	  export DEBIAN_FRONTEND=noninteractive
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing >/dev/null
	fi

# The virtual environment: packages of the lock file, then our own in place.
.venv/ready: requirements/development.lock pyproject.toml $(wildcard services/*/pyproject.toml)
	@[[ -x $(PYTHON) ]] || python3 -m venv .venv || { echo "make: python3 (3.11 or newer) with its venv module is needed; on Debian: apt-get install python3-venv" >&2; exit 1; }
	sed -n '/^uv==/,/^[a-z].*==/{/^uv==/p;/^ /p}' requirements/development.lock > .venv/uv.lock
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.lock
	.venv/bin/uv pip sync --quiet --python $(PYTHON) --require-hashes requirements/development.lock
	.venv/bin/uv pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation $(EDITABLE)
	touch $@

# The policy pack needs packages of its own: its SDK and the platform's disagree on protobuf.
.PHONY: policies
policies: policies/.venv/ready ## Make the policy pack ready for `pulumi preview --policy-pack policies`
policies/.venv/ready: policies/requirements.lock | .venv/ready
	@[[ -x policies/.venv/bin/python ]] || $(PYTHON) -m venv policies/.venv
	.venv/bin/uv pip sync --quiet --python policies/.venv/bin/python --require-hashes policies/requirements.lock
	touch $@

# The audit's checkers need packages of their own as well, older ones than the platform's.
audit/.venv/ready: audit/requirements.lock | .venv/ready
	@[[ -x audit/.venv/bin/python ]] || $(PYTHON) -m venv audit/.venv
	.venv/bin/uv pip sync --quiet --python audit/.venv/bin/python --require-hashes audit/requirements.lock
	touch $@

.PHONY: audit kube-score
audit: up audit/.venv/ready kube-score ## What other people's checkers think of what every stack would make
	@$(PYTHON) -m audit
kube-score: .venv/ready
	@$(PYTHON) -P tools/build.py .local/bin kube-score

PREVIEWED = --stack "$(STACK)" --program "$(or $(PROGRAM),platform)" $(if $(BEFORE),--before "$(BEFORE)")
.PHONY: preview previewable
preview: previewable up policies ## What a stack would become, cost and break: make preview STACK=prod [PROGRAM=foundation] [BEFORE=report.json]
	@$(PYTHON) -m preview $(PREVIEWED) --output .local/previews
previewable: .venv/ready
	@$(PYTHON) -m preview $(PREVIEWED) --check

.PHONY: lock
lock: .venv/ready ## Resolve the lock files again, with hashes
	@.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 pyproject.toml --group pyproject.toml:development --group pyproject.toml:bench $(SERVICES:%=services/%/pyproject.toml) --no-emit-package event-messages --no-emit-package service-runtime -o requirements/development.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 $(SERVICES:%=services/%/pyproject.toml) -c requirements/development.lock --no-emit-package event-messages --no-emit-package service-runtime -o services/dependencies/requirements.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 - <<< uv -c requirements/development.lock -o services/dependencies/installer.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 policies/requirements.in -o policies/requirements.lock
	.venv/bin/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 audit/requirements.in -o audit/requirements.lock

.PHONY: check
check: .venv/ready ## Format, lint, types, unit tests
	@.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/mypy
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/zizmor --quiet --offline --no-progress .github/workflows
	$(PYTHON) -m pytest -q -n auto -m "not integration and not system"

.PHONY: format
format: .venv/ready ## Format the code
	@.venv/bin/ruff format --quiet .
	.venv/bin/ruff check --quiet --fix .

.PHONY: test
test: up policies audit/.venv/ready ## Every test, on the platform of `make up`
	@$(PYTHON) -m pytest -q

.PHONY: bench
bench: $(if $(filter 1,$(COLD)),packages tools,up) ## Measure updates, rollouts and arrivals; COLD=1 starts from nothing first and loses all data
	@$(PYTHON) -m bench
