"""Measures how the cost of a delivery grows with the number of receivers."""

from measure import Measure
from options import Options
from runs import Figures, Results, rounds, run_alone
from servers import CHATSRV, FLOORS, Server, available
from tables import median

RECEIVERS = [10, 100, 1_000, 2_000, 10_000, 19_000]
QUICK_RECEIVERS = [10, 100, 200]
BASE = 2_000
WINDOWS = {1: "one under way", 16: "sixteen"}


def row(server: str, receivers: int, window: int) -> str:
    return f"{server}, {receivers} receivers, {WINDOWS[window]}"


def talk(options: Options, server: Server, receivers: int, window: int) -> Figures:
    load = ["--clients", str(receivers + 1), "--rate", "0", "--window", str(window)]
    figures = run_alone(options, server, load + ["--duration", f"{options.seconds}s"])
    return {"cpu_us": figures["server_process"]["cpu_us_per_delivery"]}


def sizes(options: Options) -> list[int]:
    return QUICK_RECEIVERS if options.quick else RECEIVERS


def take(options: Options) -> Results:
    cases = {
        row(server.name, receivers, window): (
            lambda server=server, receivers=receivers, window=window: talk(
                options, server, receivers, window
            )
        )
        for server in available(options, [CHATSRV, *FLOORS])
        for receivers in sizes(options)
        # The floor without batches is of interest only with a window of 1, the other with 16.
        for window in windows_of(server)
    }
    return rounds(options, "growth", cases)


def windows_of(server: Server) -> list[int]:
    if server == CHATSRV:
        return list(WINDOWS)
    return [16] if "batching" in server.name else [1]


def text(options: Options, results: Results) -> str:
    base = BASE if BASE in sizes(options) else sizes(options)[-1]
    columns = [
        (server, window)
        for window in WINDOWS
        for server in [CHATSRV, *FLOORS]
        if window in windows_of(server)
    ]
    head = [f"{server.name}, {WINDOWS[window]}, µs | to that at {base:,}" for server, window in columns]
    lines = ["| receivers | " + " | ".join(head) + " |", "|---:" + "|---:|---:" * len(columns) + "|"]
    for receivers in sizes(options):
        cells = [f"{receivers:,}"]
        for server, window in columns:
            found = median(results.get(row(server.name, receivers, window), []), "cpu_us")
            at_base = median(results.get(row(server.name, base, window), []), "cpu_us")
            cells.append(f"{found:.2f}" if found else "–")
            cells.append(f"{found / at_base:.2f}" if found and at_base else "–")
        lines.append("| " + " | ".join(cells) + " |")
    return "CPU time of the server for a delivery of 64 bytes, by medians.\n\n" + "\n".join(lines)


MEASURE = Measure("growth", "Growth with the receivers", take, text)
