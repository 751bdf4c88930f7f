"""Measures whether a download that is not in the page cache delays the server's event loop."""

import socket
import time
import urllib.request
from pathlib import Path

from measure import Measure
from options import Options
from runs import Figures, Results, background, free_port, rounds, running
from scratch import MEBIBYTE, cached_share, drop_from_cache, shared_file
from servers import available, sharing
from tables import Column, table

FILE = "cold.bin"
FILE_MEBIBYTES = 4096
QUICK_MEBIBYTES = 256
TALKERS = 100
RATE = 20
# The time until all talkers are logged in.
START_SECONDS = 2
READ_BYTES = MEBIBYTE
# The upper bounds of the server's histogram that are reported, in seconds.
BOUNDS = ["0.001", "0.0025", "0.005", "0.01", "0.05"]

COLUMNS = [
    Column("cached before", "cached", 2),
    Column("MB/s", "megabytes_s", 0),
    Column("ticks", "ticks", 0),
    *(Column(f"over {float(bound) * 1000:g} ms", f"over {bound}", 0) for bound in BOUNDS),
    Column("waited for its CPU, ms", "cpu_wait_ms", 0),
    Column("p99 of the talk, ms", "p99_ms", 2),
    Column("max, ms", "max_ms", 2),
]


def download(port: int) -> int:
    """Downloads the file without keeping it, and returns the number of bytes."""
    received = 0
    buffer = bytearray(READ_BYTES)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"C GET 0 {FILE}\n".encode())
        connection.shutdown(socket.SHUT_WR)
        while count := connection.recv_into(buffer):
            received += count
    return received


def ticks(metrics: int) -> dict[str, float]:
    """The number of ticks so far, by the upper bounds of their durations."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics") as page:
        lines = page.read().decode().splitlines()
    prefix = 'chatsrv_tick_seconds_bucket{le="'
    buckets = (line.removeprefix(prefix) for line in lines if line.startswith(prefix))
    return {bound: float(count) for bound, count in (line.split('"} ') for line in buckets)}


def cpu_wait(pid: int) -> float:
    """How long the event loop has waited for a CPU, in seconds (proc(5), schedstat)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def cold(options: Options, path: Path) -> Figures:
    metrics = free_port()
    more = ["--public-files", "--metrics", f"127.0.0.1:{metrics}"]
    load = ["--clients", str(TALKERS + 1), "--rate", str(RATE), "--duration", "1h"]
    load += ["--warmup", f"{START_SECONDS}s"]
    with (
        running(options, sharing(path.parent, *more)) as target,
        background(options, target, load) as talk,
    ):
        time.sleep(START_SECONDS)
        drop_from_cache(path)
        cached = cached_share(path)
        before, start = ticks(metrics), time.monotonic()
        wait = -cpu_wait(target.pid)
        received = download(target.port)
        seconds, after = time.monotonic() - start, ticks(metrics)
        wait += cpu_wait(target.pid)
        each = talk.stop()["latency"]["delivery"]
    if received < path.stat().st_size:
        raise RuntimeError(f"{received} bytes came of {path.stat().st_size}")
    count = {bound: after[bound] - before[bound] for bound in after}
    over = {f"over {bound}": count["+Inf"] - count[bound] for bound in BOUNDS}
    return {
        "cached": cached,
        "megabytes_s": received / seconds / 1e6,
        "ticks": count["+Inf"],
        **over,
        "cpu_wait_ms": wait * 1000,
        "p99_ms": each["p99_us"] / 1000,
        "max_ms": each["max_us"] / 1000,
    }


def take(options: Options) -> Results:
    if not available(options, [sharing(options.scratch)]):
        return {}
    path = shared_file(options, FILE, QUICK_MEBIBYTES if options.quick else FILE_MEBIBYTES)
    return rounds(options, "cold", {"chatsrv": lambda: cold(options, path)})


def text(options: Options, results: Results) -> str:
    size = QUICK_MEBIBYTES if options.quick else FILE_MEBIBYTES
    return f"""One client downloads a file of {size:,} MiB that was dropped from the page cache, while {TALKERS} others
receive {RATE} broadcasts a second. Ticks are the turns of the server's loop, without its sleep, by its
own count (`--metrics`): how many of them took longer than so many milliseconds. Where the loop had
to wait for its CPU, because the machine had other work, a tick is longer by that.

{table("server", results, COLUMNS)}
"""


MEASURE = Measure("cold", "A cold file", take, text)
