PYTHON_BIN = .venv/bin/python
MANAGE = $(PYTHON_BIN) manage.py
# Runs a command with a PostgreSQL and a Valkey that live as long as it does.
WITH_SERVERS = $(PYTHON_BIN) -m embedded.temporary
LOCK = $(PYTHON_BIN) -m uv pip compile --generate-hashes --universal --python-version 3.12 --no-header --quiet
DOCUMENT = docs/openapi.yaml
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16
	@echo 'PORT=22001 make up: another port. CBLN_DATA=/path: another data folder. DATABASE_URL, REDIS_URL: servers of your own.'

.PHONY: environment environment-dev
environment:
	@sh embedded/bootstrap.sh requirements.txt
environment-dev:
	@sh embedded/bootstrap.sh requirements-dev.txt

.PHONY: up
up: environment ## Start everything on this machine; Ctrl-C stops it
	@exec $(PYTHON_BIN) -m embedded

.PHONY: test
test: environment-dev ## Run all tests on servers of their own; some: make test TESTS="messaging -k post"
	@PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(PYTHON_BIN) -m pytest -q -n 2 --dist loadgroup $(TESTS)

.PHONY: check
check: environment-dev ## Lint, types, import contracts, migrations, deployment settings, generated files
	$(PYTHON_BIN) -m ruff check --quiet .
	$(PYTHON_BIN) -m ruff format --check --quiet .
	$(PYTHON_BIN) -m mypy --strict .
	.venv/bin/lint-imports
	$(WITH_SERVERS) $(MANAGE) makemigrations --check --dry-run
	USES_HTTPS=1 $(WITH_SERVERS) $(MANAGE) check --deploy --fail-level WARNING
	@$(MAKE) --no-print-directory --silent fresh

# Each generated file is made anew beside its place and compared.
.PHONY: fresh
fresh:
	@new=$$(mktemp -d) && trap 'rm -r "$$new"' EXIT && set -e; \
	for name in requirements requirements-dev; do \
	    cp $$name.txt "$$new"; $(LOCK) $$name.in -o "$$new/$$name.txt"; \
	    cmp -s $$name.txt "$$new/$$name.txt" || { echo "$$name.txt is out of date: make lock"; exit 1; }; \
	done; \
	$(WITH_SERVERS) $(MANAGE) spectacular --file "$$new/openapi"; \
	cmp -s $(DOCUMENT) "$$new/openapi" || { echo "$(DOCUMENT) is out of date: make openapi"; exit 1; }

.PHONY: lock
lock: environment-dev ## Renew requirements.txt and requirements-dev.txt from their .in files
	$(LOCK) --upgrade requirements.in -o requirements.txt
	$(LOCK) --upgrade requirements-dev.in -o requirements-dev.txt

.PHONY: openapi
openapi: environment-dev ## Write the description of the API
	$(WITH_SERVERS) $(MANAGE) spectacular --validate --fail-on-warn --file $(DOCUMENT)

.PHONY: messages
messages: environment-dev ## Compile the Vietnamese words
	@for room in */locale; do .venv/bin/pybabel --quiet compile --domain django --directory "$$room"; done

.PHONY: demo
demo: environment ## With `make up` running: say something, see what the server keeps of it, erase it
	@keep=$$(mktemp -d) && trap 'rm -r "$$keep"' EXIT && set -e; \
	export CBLN_URL="http://127.0.0.1:$${PORT:-22000}"; \
	.venv/bin/cbln new --keep "$$keep/session"; \
	.venv/bin/cbln send --keep "$$keep/session" 'Hôm nay mình hơi buồn.'; \
	.venv/bin/cbln read --keep "$$keep/session"; \
	echo 'What the server keeps of it:'; \
	echo 'SELECT * FROM messages ORDER BY created_at DESC LIMIT 1' | $(MANAGE) dbshell -- -qx; \
	.venv/bin/cbln erase --yes --keep "$$keep/session"

.PHONY: bench
bench: environment-dev ## CPU per request against the floor of the database alone
	$(WITH_SERVERS) $(PYTHON_BIN) -m benchmarks

.PHONY: clean
clean: ## Remove the environment and caches; never data
	rm -rf .venv .venv.log .venv.lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
