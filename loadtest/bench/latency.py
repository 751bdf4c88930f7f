"""Measures the latency of broadcasts at a fixed rate, without and with concurrent downloads."""

import os
import time

from measure import Measure
from options import Options
from runs import Figures, Results, Running, background, rounds, run, running
from scratch import shared_file
from servers import CHATSRV, SERVERS, Server, available, sharing
from tables import Column, ratio, table

RATE = 10
DOWNLOADS = 50
FILE = "download.bin"
FILE_MEBIBYTES = 64
BESIDE = f"chatsrv, {DOWNLOADS} downloads"
# The time until all downloads have begun.
START_SECONDS = 2

COLUMNS = [
    Column("p50, ms", "p50_ms", 2),
    Column("p99, ms", "p99_ms", 2),
    Column("last receiver p50, ms", "last_p50_ms", 2),
    Column("last receiver p99, ms", "last_p99_ms", 2),
    Column("sent late p99, ms", "late_p99_ms", 3),
    Column("CPU a delivery, µs", "cpu_us", 2),
    Column("of the generator, µs", "generator_us", 2),
    Column("downloads, MB/s", "megabytes_s", 0),
]


def talk(options: Options, target: Running) -> Figures:
    seconds = options.seconds if options.quick else 4 * options.seconds
    load = ["--clients", str(options.receivers + 1), "--rate", str(RATE)]
    figures = run(options, target, load + ["--duration", f"{seconds}s", "--warmup", "2s"])
    latency = figures["latency"]
    each, last = latency["delivery"], latency["last_receiver"]
    return {
        "p50_ms": each["p50_us"] / 1000,
        "p99_ms": each["p99_us"] / 1000,
        "last_p50_ms": last["p50_us"] / 1000,
        "last_p99_ms": last["p99_us"] / 1000,
        "late_p99_ms": latency["sent_late"]["p99_us"] / 1000,
        "cpu_us": figures["server_process"]["cpu_us_per_delivery"],
        "generator_us": figures["own_process"]["cpu_us_per_delivery"],
    }


def alone(options: Options, server: Server) -> Figures:
    with running(options, server) as target:
        return talk(options, target)


def beside_downloads(options: Options, server: Server) -> Figures:
    """A run with downloads by a loadtest of idle priority, which does not delay the receivers."""
    load = ["--idle", "--clients", "2", "--downloads", str(DOWNLOADS), "--download-name", FILE]
    load += ["--duration", "1h"]
    with (
        running(options, server) as target,
        background(options, target, load, os.SCHED_IDLE) as downloads,
    ):
        time.sleep(START_SECONDS)
        figures = talk(options, target)
        speed = downloads.stop()["downloads"]["bytes_per_second"]
    # The cost of a delivery can't be separated from that of the downloads.
    for key in ("cpu_us", "generator_us"):
        del figures[key]
    return figures | {"megabytes_s": speed / 1e6}


def take(options: Options) -> Results:
    servers = available(options, SERVERS)
    cases = {server.name: lambda server=server: alone(options, server) for server in servers}
    if CHATSRV in servers:
        files = shared_file(options, FILE, FILE_MEBIBYTES).parent
        cases[BESIDE] = lambda: beside_downloads(options, sharing(files))
    return rounds(options, "latency", cases)


def text(options: Options, results: Results) -> str:
    floor = ratio(results, "chatsrv", "floor", "p99_ms")
    beside = ratio(results, BESIDE, "chatsrv", "p99_ms")
    return f"""{RATE} broadcasts a second of 64 bytes to {options.receivers:,} receivers, from the time at which each was
due. The {DOWNLOADS} downloads have a process of their own on the generator's CPU, which gives way to that
of the receivers (SCHED_IDLE). Where the generator takes less CPU for a delivery than the server, it
is not what the last receiver waits for.

{table("server", results, COLUMNS)}

chatsrv's p99 is {floor} times the floor's; beside {DOWNLOADS} downloads it is {beside} times its own without.
"""


MEASURE = Measure("latency", "Latency", take, text)
