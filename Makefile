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
BUILT := $(or $(CARGO_TARGET_DIR),target)/release

PROGRAMS := chatsrv chatclient loadtest
PAGES := $(wildcard man/*.[1-9])
UNITS := $(notdir $(wildcard systemd/*.service))

# How many runs of the simulator `make sim` makes, and what `make loadtest` measures.
SEEDS ?= 10000
# How often `make crash` kills the server.
ROUNDS ?= 50
BENCH ?=
LOAD ?= --spawn --clients 2000 --rate 20 --duration 10s

.PHONY: all check test sim crash loadtest bench lint man-lint unit-lint install uninstall clean

all:
	$(CARGO) build --release --workspace --locked

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
		for unit in $(addprefix systemd/,$(UNITS)); do \
			told=$$(systemd-analyze security --offline=true --threshold=15 --no-pager $$unit) || \
				{ echo "$$told"; exit 1; }; \
			echo "$$told" | tail -n 1; \
		done; \
	else \
		echo "systemd-analyze is not installed: the units were not checked"; \
	fi

test:
	$(CARGO) test --workspace --locked

# The simulator, optimised but with its own checks on. SEEDS=n makes n runs.
sim:
	CARGO_PROFILE_DEV_OPT_LEVEL=2 CHATSRV_SIM_SEEDS=$(SEEDS) \
		$(CARGO) test --locked --test simulator -- --nocapture

# Kills the server while clients send, and looks for what was confirmed. ROUNDS=n does it n times.
crash:
	CHATSRV_CRASH_ROUNDS=$(ROUNDS) $(CARGO) test --locked --test crash -- --nocapture

loadtest: all
	$(BUILT)/loadtest $(LOAD)

# Compares chatsrv with the servers of other projects that are installed, for a quarter of an hour,
# and leaves a table and a picture. BENCH='--rounds n --only chatsrv Redis' does less.
bench: all
	PYTHONDONTWRITEBYTECODE=1 python3 loadtest/bench/bench.py \
		--built $(BUILT) --out $(BUILT)/bench $(BENCH)

# Installs what `make` built.
install:
	@test -x $(BUILT)/chatsrv || { echo "nothing is built yet: run make first"; exit 1; }
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	for program in $(PROGRAMS); do \
		$(INSTALL) -m 755 $(BUILT)/$$program $(DESTDIR)$(BINDIR)/ && \
		$(BUILT)/$$program --completions bash >$(DESTDIR)$(BASHDIR)/$$program && \
		$(BUILT)/$$program --completions zsh >$(DESTDIR)$(ZSHDIR)/_$$program && \
		$(BUILT)/$$program --completions fish >$(DESTDIR)$(FISHDIR)/$$program.fish || exit 1; \
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
