# The words people type; meson and ninja do the work.
BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
# Playwright takes no Node as old as Debian 12's: where there is no newer one, the tests get this.
NEWER_NODE = node-linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)@22.23.3

.PHONY: all build web demo test test-sanitized figures bench fuzz install format lint clean packages

all: build

# Installs nothing: says what is missing.
build: $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j $(JOBS) --quiet

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || { \
	  echo "make: meson is missing; 'make packages' installs what the build needs" >&2; exit 1; }
	@meson setup $(BUILD) --prefix $(PREFIX) >/dev/null || { meson setup $(BUILD); exit 1; }

# The dashboard, which `make` builds into rung-serve where it is there.
web: web/dist/index.html

web/dist/index.html: web/package-lock.json web/index.html web/vite.config.js $(shell find web/src -type f)
	@tools/install-packages web
	@cd web && npm ci --no-audit --no-fund && npm run build

test/web/node_modules: test/web/package-lock.json
	@cd test/web && npm ci --no-audit --no-fund && \
	  { ./node -e 0 >/dev/null || npm install --no-save --no-audit --no-fund $(NEWER_NODE); } && \
	  touch node_modules

packages:
	@tools/install-packages build

demo: packages
	@$(MAKE) --no-print-directory build
	@tools/demo $(BUILD)/rung

# A build that was set up before the tests' packages were there is looked at again.
test:
	@tools/install-packages build test
	@$(MAKE) --no-print-directory web test/web/node_modules || \
	  echo "make: the dashboard could not be built: its tests are skipped" >&2
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@grep -q test_base $(BUILD)/build.ninja || meson setup --reconfigure $(BUILD) >/dev/null
	@$(MAKE) --no-print-directory build
	@tools/run-tests $(BUILD)

# Instrumented code makes gcc warn of what cannot happen: warnings are errors in the plain build.
# Unit and case tests again under the address and undefined-behaviour sanitizers.
test-sanitized:
	@tools/install-packages build test
	@[ -d $(BUILD)-sanitized ] || meson setup $(BUILD)-sanitized -Db_sanitize=address,undefined \
	  -Dbuildtype=debugoptimized -Dwerror=false >/dev/null
	@ninja -C $(BUILD)-sanitized -j $(JOBS) --quiet
	@tools/run-tests $(BUILD)-sanitized unit cases

bench:
	@tools/install-packages build test
	@$(MAKE) --no-print-directory build
	@ninja -C $(BUILD) --quiet benches
	@tools/bench $(BUILD)

fuzz:
	@tools/install-packages build test lint
	@[ -d $(BUILD)-fuzz ] || CC=clang CXX=clang++ meson setup $(BUILD)-fuzz -Dfuzz=true \
	  -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized >/dev/null
	@ninja -C $(BUILD)-fuzz -j $(JOBS) --quiet fuzzers
	@tools/fuzz $(BUILD)-fuzz $(FUZZ_SECONDS)

install: build
	@meson install -C $(BUILD) --no-rebuild

format:
	@tools/install-packages lint
	@git ls-files '*.c' '*.h' '*.cc' | xargs clang-format -i

lint:
	@tools/install-packages build test lint
	@tools/lint $(BUILD)-lint

clean:
	@rm -rf web/dist $(BUILD) $(BUILD)-sanitized $(BUILD)-fuzz $(BUILD)-lint
