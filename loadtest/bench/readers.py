"""Measures confirmations of direct messages beside readers of a large store who ask without end."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from measure import Measure
from options import Options
from runs import Figures, Results, Running, cpus, end, pinned, rounds, run
from servers import CHATSRV, available
from store import Filled, Size, Started, fill, serving
from tables import Column, table

SIZE = Size(100_000, 1_000_000)
QUICK_SIZE = Size(1_000, 20_000)
READERS = 60
QUICK_READERS = 8
# As many as one may count upon to be on their way in a busy chat.
PAIRS = 50
# What the readers ask, each one of these.
LINES = ["C UNREAD", "C OPEN * 1000", "C WHO", "C SEARCH - word1 word2"]

COLUMNS = [
    Column("confirmation p50, ms", "p50_ms", 2),
    Column("p99, ms", "p99_ms", 2),
    Column("longest, ms", "max_ms", 1),
    Column("confirmations a second", "messages", 0),
]


@contextmanager
def reading(options: Options, started: Started, readers: int) -> Iterator[list[subprocess.Popen]]:
    """Has readers ask on the load generator's CPU, for as long as the block takes."""
    command = [str(options.built / "loadtest"), "request", "--count", "10000000"]
    command += ["--server", f"127.0.0.1:{started.port}"]
    processes: list[subprocess.Popen] = []
    try:
        for number in range(readers):
            process = subprocess.Popen(
                [*command, "--user", f"user{number}", LINES[number % len(LINES)]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=pinned(cpus()[1]),
            )
            processes.append(process)
        yield processes
    finally:
        for process in processes:
            end(process)
            process.stderr.close()


def talk(options: Options, filled: Filled, readers: int) -> Figures:
    with serving(options, filled) as started, reading(options, started, readers) as processes:
        target = Running(CHATSRV, started.port, started.pid)
        load = ["--direct", "--clients", str(2 * PAIRS), "--warmup", "5s"]
        figures = run(options, target, [*load, "--duration", f"{options.seconds}s"])
        gone = [process for process in processes if process.poll() is not None]
        if gone:
            told = gone[0].communicate()[1].strip()
            raise RuntimeError(f"{len(gone)} readers were gone in the end: {told}")
    latency = figures["latency"]["confirmation"]
    return {
        "p50_ms": latency["p50_us"] / 1000,
        "p99_ms": latency["p99_us"] / 1000,
        "max_ms": latency["max_us"] / 1000,
        "messages": figures["traffic"]["sent"] / figures["traffic"]["seconds"],
    }


def row(readers: int) -> str:
    return f"{readers} readers" if readers > 0 else "nobody"


def take(options: Options) -> Results:
    if not available(options, [CHATSRV]):
        return {}
    filled = fill(options, QUICK_SIZE if options.quick else SIZE)
    most = QUICK_READERS if options.quick else READERS
    cases = {
        row(readers): lambda readers=readers: talk(options, filled, readers)
        for readers in (0, most)
    }
    return rounds(options, "readers", cases)


def text(options: Options, results: Results) -> str:
    asked = ", ".join(f"`{line}`" for line in LINES)
    size = QUICK_SIZE if options.quick else SIZE
    return f"""{PAIRS} pairs write to each other, each the next message when the one before is confirmed, which is when it
is on disk. The store has {size}. Each reader asks one of {asked}, again as soon as the answer
is there; readers and writers have one CPU, and the server another.

{table("beside", results, COLUMNS)}
"""


MEASURE = Measure("readers", "Confirmations beside readers", take, text)
