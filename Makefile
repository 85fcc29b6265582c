# Two commands: `make run` brings everything up with demo data, `make test` runs every test.
# Both find or install Postgres and NATS themselves; .env.example names the settings.
# ARGS="…" is handed on: `make test ARGS="-p events"`, `make run ARGS="--help"`.
# Works with the make 3.81 of macOS, which knows no .ONESHELL.

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
VENV := $(TARGET_DIR)/checks-venv
FUZZ_VENV := $(TARGET_DIR)/fuzz-venv
# Seconds that test-fuzz sends requests for, over all roles.
TIME := 600
# Plans that test-faults tries, and with which build of the program: dev has more assertions, release is faster.
SEEDS := 1-500
PROFILE := dev
GENERATED := $(TARGET_DIR)/generated
RUNNER := $(shell cargo nextest --version >/dev/null 2>&1 && echo "nextest run" || echo test)

.PHONY: help run test test-fuzz test-faults bench lint deny generated check-containers

help:
	@sed -n 's/^## //p' Makefile

# Builds choose no package (-p): one selection of features, so that run and test share what they build.

## make run                Everything in one process, with demo data; Ctrl-C stops it all.
run:
	@cargo build --bin iris
	@exec $(TARGET_DIR)/debug/iris dev $(ARGS)

## make test               Every test, on throw-away servers; may run beside `make run`.
test:
	@cargo $(RUNNER) --workspace --no-run
	@exec $(TARGET_DIR)/debug/iris services --throw-away -- cargo $(RUNNER) --workspace $(ARGS)

## make test-fuzz          The API against its own document, in every role: TIME=600 seconds, ARGS="--seed 1 --roles admin".
test-fuzz: $(FUZZ_VENV)/ready
	@cargo build --bin iris
	@exec $(FUZZ_VENV)/bin/python -I tests/fuzz/run.py $(TARGET_DIR)/debug/iris --seconds $(TIME) $(ARGS)

## make test-faults        Random histories under random faults, each checked to the end: SEEDS=1-500, or one again; PROFILE=release.
test-faults:
	@cargo build --profile $(PROFILE) --workspace --bin iris
	@cargo test --workspace --test scenarios --no-run
	@IRIS_FAULT_SEEDS=$(SEEDS) IRIS_BIN=$(abspath $(TARGET_DIR))/$(patsubst dev,debug,$(PROFILE))/iris \
		exec $(TARGET_DIR)/$(patsubst dev,debug,$(PROFILE))/iris services --throw-away -- \
		cargo test --workspace --test scenarios faults::whatever -- --nocapture

## make bench              One table of figures, as a release build: ARGS="--short", ARGS="--long", ARGS="--only orders,reads".
bench:
	@cargo build --release --bin iris --bin bench
	@exec $(TARGET_DIR)/release/iris services --throw-away -- $(TARGET_DIR)/release/bench $(ARGS)

## make lint               Format and lints; a warning is an error.
lint:
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets -- -D warnings

## make deny               Licences, bans, sources and known faults of dependencies, where cargo-deny is installed.
deny:
	@cargo deny --version >/dev/null 2>&1 || { \
		echo "cargo-deny is not installed: cargo install --locked cargo-deny" >&2; \
		echo "licences, bans and sources are also checked by make test" >&2; exit 1; }
	@cargo deny check

## make generated          Writes what docs/ has from the code again, and fails when it was not current.
generated:
	@cargo build --bin iris
	@rm -rf $(GENERATED)
	@mkdir -p $(GENERATED)
	@$(TARGET_DIR)/debug/iris openapi > $(GENERATED)/openapi.json
	@$(TARGET_DIR)/debug/iris event-schemas $(GENERATED)
	@for path in openapi.json asyncapi.json events; do \
		diff -rq $(GENERATED)/$$path docs/$$path >/dev/null 2>&1 || { \
			rm -rf docs/$$path; cp -R $(GENERATED)/$$path docs/$$path; stale=1; \
			echo "docs/$$path was not current; it is now: commit it" >&2; }; \
	done; exit $${stale:-0}

## make check-containers   The compose file against its schema, the Dockerfile by hadolint; needs no engine.
check-containers: $(VENV)/ready
	@$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(VENV)/bin/hadolint Dockerfile
	@echo "docker-compose.yml and Dockerfile: ok"

$(VENV)/ready: deploy/requirements-checks.txt
$(FUZZ_VENV)/ready: tests/fuzz/requirements.txt
$(VENV)/ready $(FUZZ_VENV)/ready:
	@rm -rf $(@D)
	@mkdir -p $(TARGET_DIR)
	@python3 -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@
