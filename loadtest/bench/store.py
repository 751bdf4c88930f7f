"""Measures requests to a server with a large store: logins, history, search, and the start."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import Measure
from options import Options
from runs import (
    OUTPUT_CHARS_MAX,
    Figures,
    Results,
    cpus,
    end,
    free_port,
    pinned,
    rounds,
)
from servers import CHATSRV, available, chatsrv
from tables import Column, ratio, table

# The longest time for filling a data folder.
FILL_SECONDS_MAX = 7_200

# The second account writes to the first one, "the reader", at regular intervals.
REQUESTS = {
    "OPEN, unread": "C OPEN user1",
    "OPEN, the last 50": "C OPEN user1 50",
    "OPEN of everyone's, the last 50": "C OPEN * 50",
    "HISTORY of everyone's, 50 before the middle": "C HISTORY * {middle} 50",
    "SEARCH, a rare word": "C SEARCH - needle",
    "SEARCH, no message": "C SEARCH - nobodysaidthis",
    "SEARCH, a frequent word": "C SEARCH - word1",
    "SEARCH, two frequent words": "C SEARCH - word1 word2",
    "SEARCH, a frequent word in a small chat": "C SEARCH user1 word1",
    "UNREAD": "C UNREAD",
    "CHATS": "C CHATS",
}
LOGINS = {"a login with the password": "password", "a login with a token": "token"}
START = "the start"

COLUMNS = [
    Column("CPU, µs", "cpu_us", 0),
    Column("p50, µs", "p50_us", 0),
    Column("p99, µs", "p99_us", 0),
    Column("lines", "lines", 0),
    Column("server's memory, MB", "megabytes", 0),
]


@dataclass(frozen=True)
class Size:
    """The size of a filled data folder."""

    accounts: int
    messages: int

    def __str__(self) -> str:
        return f"{self.accounts:,} accounts, {self.messages:,} messages"


@dataclass(frozen=True)
class Filled:
    """A filled data folder."""

    size: Size
    data: Path
    # An id in the middle of all messages.
    middle: int


ACCOUNTS = [Size(1_000, 1_000), Size(1_000_000, 1_000)]
MESSAGES = [Size(1_000, 1_000), Size(1_000, 10_000_000)]
QUICK_ACCOUNTS = [Size(1_000, 1_000), Size(10_000, 1_000)]
QUICK_MESSAGES = [Size(1_000, 1_000), Size(1_000, 20_000)]


def fill(options: Options, size: Size) -> Filled:
    """Fills a data folder, or uses the one that an earlier run has left."""
    data = options.scratch / f"store-{size.accounts}-{size.messages}"
    told = data.with_suffix(".txt")
    if not told.exists():
        print(f"filling a store with {size}", flush=True)
        start = time.monotonic()
        words = [str(options.built / "loadtest"), "fill", "--accounts", str(size.accounts)]
        words += ["--messages", str(size.messages), str(data)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=FILL_SECONDS_MAX)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-OUTPUT_CHARS_MAX:].strip())
        told.write_text(done.stdout)
        print(f"  took {time.monotonic() - start:.0f} s", flush=True)
    words = told.read_text().split()
    first, last = (int(words[words.index(word) + 1]) for word in ("from", "to"))
    return Filled(size, data, (first + last) // 2)


@dataclass(frozen=True)
class Started:
    """A server that was started on a filled data folder."""

    port: int
    # The time until it listened, in seconds.
    seconds: float
    pid: int


@contextmanager
def serving(options: Options, filled: Filled) -> Iterator[Started]:
    port = free_port()
    path = CHATSRV.path(options.built)
    start = time.monotonic()
    process = subprocess.Popen(
        chatsrv(path, filled.data, port),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=pinned(cpus()[0]),
    )
    try:
        # Its first line says that it listens, or why it does not.
        line = process.stderr.readline()
        if "listening on" not in line:
            raise RuntimeError(line.strip())
        yield Started(port, time.monotonic() - start, process.pid)
    finally:
        end(process)
        process.stderr.close()


def request(options: Options, started: Started, words: list[str]) -> Figures:
    path = options.scratch / "request.json"
    command = [str(options.built / "loadtest"), "request", "--server", f"127.0.0.1:{started.port}"]
    done = subprocess.run(
        [*command, "--json", str(path), *words],
        capture_output=True,
        text=True,
        timeout=FILL_SECONDS_MAX,
        preexec_fn=pinned(cpus()[1]),
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-OUTPUT_CHARS_MAX:].strip())
    told = json.loads(path.read_text())
    return {
        "cpu_us": told["server_cpu_us"],
        "p50_us": told["latency"]["p50_us"],
        "p99_us": told["latency"]["p99_us"],
        "lines": told["lines"] / told["latency"]["count"],
        "megabytes": told["server_rss_bytes"] / 1e6,
    }


def cpu_seconds(pid: int) -> float:
    """The CPU time of all threads, from the scheduler."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def start(options: Options, filled: Filled) -> Figures:
    with serving(options, filled) as started:
        micros = started.seconds * 1e6
        status = Path(f"/proc/{started.pid}/status").read_text()
        kibibytes = float(status.split("VmRSS:")[1].split()[0])
        cpu = cpu_seconds(started.pid) * 1e6
    return {
        "cpu_us": cpu,
        "p50_us": micros,
        "p99_us": micros,
        "megabytes": kibibytes * 1024 / 1e6,
    }


def ask(options: Options, filled: Filled, line: str) -> Figures:
    count = 20 if options.quick else 500
    with serving(options, filled) as started:
        words = ["--count", str(count), line.format(middle=filled.middle)]
        return request(options, started, words)


def log_in(options: Options, filled: Filled, how: str) -> Figures:
    count = 50 if options.quick else 2_000
    with serving(options, filled) as started:
        accounts = str(filled.size.accounts)
        words = ["--log-in", how, "--accounts", accounts, "--count", str(count)]
        return request(options, started, words)


def row(what: str, size: Size) -> str:
    return f"{what}, {size}"


def sizes(options: Options) -> tuple[list[Size], list[Size]]:
    return (QUICK_ACCOUNTS, QUICK_MESSAGES) if options.quick else (ACCOUNTS, MESSAGES)


def take(options: Options) -> Results:
    if not available(options, [CHATSRV]):
        return {}
    accounts, messages = sizes(options)
    filled = {size: fill(options, size) for size in dict.fromkeys(accounts + messages)}
    cases = {}
    for size in filled:
        cases[row(START, size)] = lambda size=size: start(options, filled[size])
    for name, how in LOGINS.items():
        for size in accounts:
            cases[row(name, size)] = lambda size=size, how=how: log_in(options, filled[size], how)
    for name, line in REQUESTS.items():
        for size in messages:
            cases[row(name, size)] = lambda size=size, line=line: ask(options, filled[size], line)
    return rounds(options, "store", cases)


def text(options: Options, results: Results) -> str:
    accounts, messages = sizes(options)
    lines = ["| request | CPU: times that of the small store | p50: times |", "|---|---:|---:|"]
    growing = [(name, accounts) for name in LOGINS] + [(name, messages) for name in REQUESTS]
    for name, (small, large) in growing:
        rows = (row(name, large), row(name, small))
        cells = [ratio(results, *rows, key) for key in ("cpu_us", "p50_us")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    ratios = "\n".join(lines)
    return f"""One client asks, and waits for each answer; CPU time is that of all threads of the server for one
request. Passwords are hashed at the least cost. The reader's own chat is of the same length in all
stores; everything else grows. The start is one event; its CPU time is that until it listened.

{table("request", results, COLUMNS)}

{accounts[1]} for logins, and {messages[1]} for the rest, beside {messages[0]}:

{ratios}
"""


MEASURE = Measure("store", "Large stores", take, text)
