"""Compares chatsrv to the floors and five other servers: broadcasts and idle connections."""

import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from measure import Measure
from options import Options
from runs import FAILURES, RUN_SECONDS_MAX, Figures, Results, rounds, run_alone
from servers import CONNECTIONS_MAX, SERVERS, Server, available
from tables import Column, cell, machine, median, table, values

# The numbers of connections to try, until a server accepts all of them.
FEWER_CONNECTIONS = [10_000, 5_000, 2_000]

COLUMNS = [
    Column("CPU a delivery, one under way, µs", "one cpu_us", 2),
    Column("sixteen under way, µs", "sixteen cpu_us", 2),
    Column("idle memory a connection, B", "idle bytes", 0),
    Column("connections", "idle connections", 0),
    Column("CPU a login, µs", "idle login_us", 0),
]
LATENCY_COLUMNS = [
    Column(f"{percentile}, {under_way}", f"{name} {key}", 1)
    for name, under_way in [("one", "one under way"), ("sixteen", "sixteen")]
    for percentile, key in [("p50", "p50_ms"), ("p99", "p99_ms"), ("last receiver", "last_p50_ms")]
]


def talk(options: Options, server: Server, window: int) -> Figures:
    """A run with one sender and a number of broadcasts under way."""
    load = ["--clients", str(options.receivers + 1), "--rate", "0", "--window", str(window)]
    figures = run_alone(options, server, load + ["--duration", f"{options.seconds}s"])
    each, last = figures["latency"]["delivery"], figures["latency"]["last_receiver"]
    return {
        "cpu_us": figures["server_process"]["cpu_us_per_delivery"],
        "p50_ms": each["p50_us"] / 1000,
        "p99_ms": each["p99_us"] / 1000,
        "last_p50_ms": last["p50_us"] / 1000,
        "last_p99_ms": last["p99_us"] / 1000,
    }


def idle(options: Options, server: Server) -> Figures:
    """A run with the given number of idle connections, or as many as the server accepts."""
    failure: BaseException | None = None
    fewer = [count for count in FEWER_CONNECTIONS if count < options.idle]
    for count in [options.idle, *fewer]:
        load = ["--clients", str(count), "--idle", "--duration", "2s", "--warmup", "1s"]
        try:
            figures = run_alone(options, server, load)
        except FAILURES as error:
            failure = error
            print(f"  {server.name} does not take {count} connections: {error}", flush=True)
            continue
        login = figures["login"]
        added = figures["server_process"]["rss_bytes"] - login["rss_bytes_before"]
        return {
            "connections": count,
            "bytes": added / count,
            "login_us": login["cpu_us_per_client"],
        }
    raise RuntimeError(f"it takes no connections: {failure}")


def tokens(options: Options) -> Figures:
    """A run in which clients of chatsrv log in with tokens after a restart."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [str(options.built / "loadtest"), "--spawn", "--resume", "--idle"]
        command += [f"--server-option=--max-clients={CONNECTIONS_MAX}"]
        command += ["--clients", str(options.idle), "--duration", "2s", "--json", str(figures)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-500:].strip())
        told = json.loads(figures.read_text())
    added = told["server_process"]["rss_bytes"] - told["resume"]["rss_bytes_before"]
    return {"login_us": told["resume"]["cpu_us_per_client"], "bytes": added / options.idle}


TAKERS: dict[str, Callable[[Options, Server], Figures]] = {
    "one": lambda options, server: talk(options, server, 1),
    "sixteen": lambda options, server: talk(options, server, 16),
    "idle": idle,
}


def take(options: Options) -> Results:
    """All rounds by server, each figure with the name of its measure as a prefix."""
    servers = available(options, SERVERS)
    results: Results = {server.name: [] for server in servers}
    for name, taker in TAKERS.items():
        cases = {s.name: lambda s=s, taker=taker: taker(options, s) for s in servers}
        for server, found in rounds(options, name, cases).items():
            renamed = [{f"{name} {key}": x for key, x in each.items()} for each in found]
            results[server] += renamed
    if "chatsrv" in results:
        cases = {"chatsrv": lambda: tokens(options)}
        found = rounds(options, "tokens", cases)["chatsrv"]
        results["chatsrv"] += [{f"token {key}": x for key, x in each.items()} for each in found]
    return results


def ratios(results: Results) -> str:
    """The CPU time of each server for a delivery as a multiple of the floor's, by medians."""
    lines = ["| server | one under way: times the floor | sixteen: times the batching floor |"]
    lines.append("|---|---:|---:|")
    for server, found in results.items():
        cells = []
        for key, base in [("one cpu_us", "floor"), ("sixteen cpu_us", "floor, batching")]:
            ours, floor = median(found, key), median(results.get(base, []), key)
            cells.append(f"{ours / floor:.2f}" if ours and floor else "–")
        lines.append(f"| {server} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def of_tokens(found: list[Figures]) -> str:
    """A paragraph about logins with tokens, if they were measured."""
    login, memory = (values(found, key) for key in ("token login_us", "token bytes"))
    if not login:
        return ""
    return f"""
chatsrv's logins are registrations with a cheap hash. Clients that come back with tokens after a
restart take {cell(login, 0)} µs of CPU time each, and then {cell(memory, 0)} bytes of memory.
"""


def text(options: Options, results: Results) -> str:
    versions = {s.name: s.version(options.built) for s in SERVERS if s.name in results}
    rows = {f"{name} {versions[name]}".strip(): found for name, found in results.items()}
    return f"""{options.receivers:,} receivers of 64-byte messages from one sender. Memory is what the server's resident
memory grew by.

{table("server", rows, COLUMNS)}

{ratios(results)}
{of_tokens(results.get("chatsrv", []))}
Latency in milliseconds, from the moment a message was sent, with the same load. The last receiver's
is a median.

{table("server", rows, LATENCY_COLUMNS)}
"""


def panel(results: Results, title: str, key: str, value=lambda found: found) -> dict:
    bars = []
    for server, rounds_of_it in results.items():
        found = [value(each) for each in values(rounds_of_it, key)]
        if found:
            spread = {"low": min(found), "median": statistics.median(found), "high": max(found)}
            bars.append({"name": server, "highlight": server == "chatsrv", **spread})
    return {"title": title, "bars": bars}


def draw(options: Options, results: Results) -> None:
    """Draws the charts that accompany the table."""
    more, less = "(longer is better)", "(shorter is better)"
    rate = lambda micros: 1e6 / micros
    chart = {
        "title": f"One sender, {options.receivers:,} receivers",
        "subtitle": f"{machine()}; medians of {options.rounds} rounds, and their spread",
        "panels": [
            panel(results, f"deliveries a CPU second, one under way {more}", "one cpu_us", rate),
            panel(results, f"the same, sixteen under way {more}", "sixteen cpu_us", rate),
            panel(results, f"bytes of memory per idle connection {less}", "idle bytes"),
            panel(results, f"ms to the last receiver, one under way {less}", "one last_p50_ms"),
        ],
    }
    bars = options.out / "bars.json"
    bars.write_text(json.dumps(chart) + "\n")
    loadtest = str(options.built / "loadtest")
    subprocess.run([loadtest, "chart", str(bars), str(options.out / "comparison.svg")], check=True)


MEASURE = Measure("comparison", "Beside other servers", take, text, draw)
