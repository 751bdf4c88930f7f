# Builds, checks and installs chatsrv. `make` alone builds the three programs.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DESTDIR ?=

CARGO ?= cargo
INSTALL ?= install
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
BUILT := $(or $(CARGO_TARGET_DIR),target)/dist

PROGRAMS := chatsrv chatclient loadtest
PAGES := $(wildcard man/*.[1-9])
UNITS := $(notdir $(wildcard systemd/*.service systemd/*.socket))

# How many runs of the simulator `make sim` makes, and what `make loadtest` measures.
SEEDS ?= 10000
# For how many seconds `make siege` attacks the server in each of thirteen ways.
SIEGE ?= 20
# How often `make crash` kills the server.
ROUNDS ?= 50
BENCH ?=
LOAD ?= --spawn --clients 2000 --rate 20 --duration 10s

# What `make fuzz` feeds with any bytes, and for how long each: TARGET=direct does one of them.
TARGET ?= frames requests display direct words websocket http
FUZZ_SECONDS ?= 60
# What it finds out beside what is kept in fuzz/corpus.
FUZZED := $(or $(CARGO_TARGET_DIR),target)/fuzz
# The part of the compiler that tells a fuzzer which code an input has reached.
COVERAGE := -Cpasses=sancov-module $(addprefix -Cllvm-args=-sanitizer-coverage-,\
	level=4 inline-8bit-counters pc-table trace-compares)

.PHONY: all check test sim siege crash fuzz fuzz-build fuzz-minimise systemd-test loadtest bench \
	lint man-lint unit-lint install uninstall clean

all:
	$(CARGO) build --profile dist --package chatsrv --package loadtest --locked

# Everything that has to hold before a change is merged.
check: lint man-lint unit-lint test

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --locked

man-lint:
	@if command -v mandoc >/dev/null; then \
		echo mandoc -T lint -W warning $(PAGES); \
		mandoc -T lint -W warning $(PAGES); \
	else \
		echo "mandoc is not installed: the manual pages were not checked"; \
	fi

# The unit gives the server no right that it does not need: 1.5 of 10 points, most for the network.
unit-lint:
	@if command -v systemd-analyze >/dev/null; then \
		for unit in $(addprefix systemd/,$(filter %.service,$(UNITS))); do \
			told=$$(systemd-analyze security --offline=true --threshold=15 --no-pager $$unit) || \
				{ echo "$$told"; exit 1; }; \
			echo "$$told" | tail -n 1; \
		done; \
	else \
		echo "systemd-analyze is not installed: the units were not checked"; \
	fi

test:
	$(CARGO) test --workspace --locked

# The simulator, optimised but with its own checks on, on all cores or JOBS=n of them. SEEDS=n makes
# n runs; SEED=n replays one.
sim:
	CARGO_PROFILE_DEV_OPT_LEVEL=2 \
		$(if $(SEED),CHATSRV_SIM_SEED=$(SEED),CHATSRV_SIM_SEEDS=$(SEEDS)) \
		$(if $(JOBS),CHATSRV_SIM_JOBS=$(JOBS)) \
		$(CARGO) test --locked --test simulator -- --nocapture --exact seeds::worlds

# Attacks the server in thirteen ways beside fifty honest users, and prints the table of
# SECURITY.md: how long their messages and logins take. SIEGE=n attacks for n seconds each.
siege:
	CARGO_PROFILE_DEV_OPT_LEVEL=2 CHATSRV_SIEGE=$(SIEGE) \
		$(CARGO) test --locked --test siege -- --nocapture --exact long_sieges

# Kills the server while clients send, and looks for what was confirmed. ROUNDS=n does it n times.
crash:
	CHATSRV_CRASH_ROUNDS=$(ROUNDS) $(CARGO) test --locked --test crash -- --nocapture

# Looks for bytes on which a target fails, FUZZ_SECONDS=n for each; needs a C++ compiler. An input
# that fails is left in fuzz/regressions/TARGET, where `make test` replays it.
fuzz: fuzz-build
	@for target in $(TARGET); do \
		mkdir -p $(FUZZED)/found/$$target fuzz/regressions/$$target && \
		echo $$target && \
		$(FUZZED)/build/$(HOST)/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
			-rss_limit_mb=512 -max_len=8192 -dict=fuzz/protocol.dict -print_final_stats=1 \
			-artifact_prefix=fuzz/regressions/$$target/ \
			$(FUZZED)/found/$$target fuzz/corpus/$$target || exit 1; \
	done

fuzz-build:
	RUSTFLAGS='$(COVERAGE)' $(CARGO) build --locked --package chatsrv-fuzz --features libfuzzer \
		--profile fuzz --target $(HOST) --target-dir $(FUZZED)/build

# Makes fuzz/corpus anew of what is in it and what `make fuzz` has found: few inputs that reach as
# much of the code, beside the seeds, which people wrote.
fuzz-minimise: fuzz-build
	@for target in $(TARGET); do \
		rm -rf $(FUZZED)/small && mkdir -p $(FUZZED)/small && \
		$(FUZZED)/build/$(HOST)/fuzz/$$target -set_cover_merge=1 -use_counters=0 -max_len=4200 \
			$(FUZZED)/small fuzz/corpus/$$target $(FUZZED)/found/$$target && \
		find fuzz/corpus/$$target -type f ! -name 'seed-*' -delete && \
		cp $(FUZZED)/small/* fuzz/corpus/$$target/ || exit 1; \
	done

# Installs what `make` built on a Debian of its own, which is downloaded and booted in an emulator,
# and tries the units there. Only root can do that. ACCEL=kvm is faster; MIRROR=url is where Debian
# comes from.
systemd-test:
	tests/systemd/run $(BUILT)/systemd-test

loadtest: all
	$(BUILT)/loadtest $(LOAD)

# Measures chatsrv, beside the servers of other projects that are installed, and leaves tables and a
# picture. All of it takes an hour and 10 GB of disk; BENCH='--measures latency downloads' takes some
# of it, BENCH=--quick tries it out, and BENCH=--help tells what there is.
bench: all
	PYTHONDONTWRITEBYTECODE=1 python3 loadtest/bench/bench.py \
		--built $(BUILT) --out $(BUILT)/bench $(BENCH)

# Installs what `make` built, with the same rights whatever the umask is.
install:
	@test -x $(BUILT)/chatsrv || { echo "nothing is built yet: run make first"; exit 1; }
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	for program in $(PROGRAMS); do \
		$(INSTALL) -m 755 $(BUILT)/$$program $(DESTDIR)$(BINDIR)/ || exit 1; \
		for place in bash:$(BASHDIR)/$$program zsh:$(ZSHDIR)/_$$program \
			fish:$(FISHDIR)/$$program.fish; do \
			file=$(DESTDIR)$${place#*:} && \
			$(BUILT)/$$program --completions $${place%%:*} >$$file && \
			chmod 644 $$file || exit 1; \
		done; \
	done
	for page in $(PAGES); do \
		section=$(DESTDIR)$(MANDIR)/man$${page##*.}; \
		$(INSTALL) -d $$section && $(INSTALL) -m 644 $$page $$section/ || exit 1; \
	done
	for unit in $(UNITS); do \
		sed 's|/usr/local/bin|$(BINDIR)|' systemd/$$unit >$(DESTDIR)$(UNITDIR)/$$unit && \
		chmod 644 $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done

uninstall:
	for program in $(PROGRAMS); do \
		rm -f $(DESTDIR)$(BINDIR)/$$program $(DESTDIR)$(BASHDIR)/$$program \
			$(DESTDIR)$(ZSHDIR)/_$$program $(DESTDIR)$(FISHDIR)/$$program.fish; \
	done
	for page in $(PAGES); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; \
	done
	rm -f $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS))

clean:
	$(CARGO) clean
