#!/usr/bin/env python3
"""Runs chatsrv, the floors and the servers of other projects side by side, and compares them.

Each measure of each server is a server of its own, pinned to one CPU, with loadtest on another. The
servers take turns, several rounds long. The result is a table, a picture, and all figures as JSON.
"""

import argparse
import datetime
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from servers import CONNECTIONS_MAX, SERVERS, Server

START_SECONDS_MAX = 20
RUN_SECONDS_MAX = 600
# Connections that are tried in turn until a server takes them all.
FEWER_CONNECTIONS = [10_000, 5_000, 2_000]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--built", type=Path, required=True, help="folder of chatsrv and loadtest")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--receivers", type=int, default=2_000)
    parser.add_argument("--idle", type=int, default=19_000, help="connections that are only there")
    parser.add_argument("--duration", default="5s", help="of one measure of broadcasts")
    parser.add_argument("--only", nargs="*", help="servers, by name")
    return parser.parse_args()


def cpus() -> tuple[int, int]:
    """The CPU of the server and that of the generator."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        print("there is only one CPU: server and generator share it")
    return usable[0], usable[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError("it does not listen")


@contextmanager
def running(server: Server, path: str, cpu: int):
    """A server that has just been started, as its port and its process number."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        # A server that was started by root may give that up, and reads its configuration then.
        os.chmod(folder, 0o755)
        port = free_port()
        with open(Path(folder) / "output", "w+") as output:
            process = subprocess.Popen(
                server.command(path, Path(folder), port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
            )
            try:
                await_port(port, process)
                yield port, process.pid
            except RuntimeError as error:
                output.seek(0)
                raise RuntimeError(f"{error}\n{output.read()[-500:]}") from None
            finally:
                process.terminate()
                try:
                    process.wait(START_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def run(options: argparse.Namespace, server: Server, load: list[str]) -> dict:
    """What loadtest tells of one run against a server of its own."""
    server_cpu, own_cpu = cpus()
    path = server.path(options.built)
    with running(server, path, server_cpu) as (port, pid), tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [str(options.built / "loadtest"), "--server", f"127.0.0.1:{port}"]
        command += ["--server-pid", str(pid), "--protocol", server.protocol]
        command += ["--logins", str(server.logins), "--json", str(figures), *load]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
            preexec_fn=lambda: os.sched_setaffinity(0, {own_cpu}),
        )
        if done.returncode != 0:
            raise RuntimeError((done.stderr or done.stdout)[-500:].strip())
        return json.loads(figures.read_text())


def talk(options: argparse.Namespace, server: Server, window: int) -> dict:
    """One sender, so many broadcasts under way."""
    load = ["--clients", str(options.receivers + 1), "--rate", "0", "--window", str(window)]
    figures = run(options, server, load + ["--duration", options.duration])
    each, last = figures["latency"]["delivery"], figures["latency"]["last_receiver"]
    return {
        "cpu_us": figures["server_process"]["cpu_us_per_delivery"],
        "p50_ms": each["p50_us"] / 1000,
        "p99_ms": each["p99_us"] / 1000,
        "last_p50_ms": last["p50_us"] / 1000,
        "last_p99_ms": last["p99_us"] / 1000,
    }


def idle(options: argparse.Namespace, server: Server) -> dict:
    """As many connections as are asked for, or as the server takes."""
    fewer = [count for count in FEWER_CONNECTIONS if count < options.idle]
    for count in [options.idle, *fewer]:
        load = ["--clients", str(count), "--idle", "--duration", "2s", "--warmup", "1s"]
        try:
            figures = run(options, server, load)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
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


def tokens(options: argparse.Namespace) -> dict:
    """chatsrv's clients that come back with tokens after a restart."""
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


MEASURES = {
    "one": lambda options, server: talk(options, server, 1),
    "sixteen": lambda options, server: talk(options, server, 16),
    "idle": idle,
}


def measure(options: argparse.Namespace, servers: list[Server]) -> dict:
    """All runs: by server and measure, a list with the figures of each round."""
    results = {server.name: {name: [] for name in MEASURES} for server in servers}
    for number in range(options.rounds):
        # Another one begins each time, so that what the machine does meanwhile meets all alike.
        turn = servers[number % len(servers) :] + servers[: number % len(servers)]
        for name, take in MEASURES.items():
            for server in turn:
                try:
                    figures = take(options, server)
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    print(f"round {number + 1}, {name}, {server.name} failed: {error}", flush=True)
                    continue
                results[server.name][name].append(figures)
                told = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
                print(f"round {number + 1}, {name}, {server.name}: {told}", flush=True)
    return results


def values(results: dict, server: str, measure: str, key: str) -> list[float]:
    return [figures[key] for figures in results[server][measure]]


def cell(found: list[float], decimals: int) -> str:
    """The median, and the spread of the rounds."""
    if not found:
        return "–"
    middle, low, high = statistics.median(found), min(found), max(found)
    if len(found) == 1:
        return f"{middle:,.{decimals}f}"
    return f"{middle:,.{decimals}f} ({low:,.{decimals}f}–{high:,.{decimals}f})"


COLUMNS = [
    ("CPU a delivery, one under way, µs", "one", "cpu_us", 2),
    ("sixteen under way, µs", "sixteen", "cpu_us", 2),
    ("idle memory a connection, B", "idle", "bytes", 0),
    ("connections", "idle", "connections", 0),
    ("CPU a login, µs", "idle", "login_us", 0),
]
LATENCY_COLUMNS = [
    (f"{percentile}, {under_way}", measure, key, 1)
    for measure, under_way in [("one", "one under way"), ("sixteen", "sixteen")]
    for percentile, key in [("p50", "p50_ms"), ("p99", "p99_ms"), ("last receiver", "last_p50_ms")]
]


def of_tokens(found: list[dict]) -> str:
    """A paragraph about those who came back with tokens, where they were measured."""
    if not found:
        return ""
    login, memory = ([figures[key] for figures in found] for key in ("login_us", "bytes"))
    return f"""
chatsrv's logins are registrations with a cheap hash. Clients that come back with tokens after a
restart take {cell(login, 0)} µs of CPU time each, and then {cell(memory, 0)} bytes of memory.
"""


def ratios(results: dict) -> str:
    """chatsrv's and the others' CPU time for a delivery as multiples of the floor's, by medians."""
    lines = ["| server | one under way: times the floor | sixteen: times the batching floor |"]
    lines.append("|---|---:|---:|")
    for server in results:
        cells = []
        for measure, base in [("one", "floor"), ("sixteen", "floor, batching")]:
            found = values(results, server, measure, "cpu_us")
            floor = values(results, base, measure, "cpu_us") if base in results else []
            ratio = statistics.median(found) / statistics.median(floor) if found and floor else None
            cells.append(f"{ratio:.2f}" if ratio else "–")
        lines.append(f"| {server} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def table(results: dict, versions: dict, columns: list) -> str:
    lines = ["| server | " + " | ".join(column[0] for column in columns) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    for server in results:
        cells = [
            cell(values(results, server, measure, key), decimals)
            for _, measure, key, decimals in columns
        ]
        name = f"{server} {versions[server]}".strip()
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine() -> str:
    info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(": ")[1] for line in info if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}"


def text(options: argparse.Namespace, results: dict, versions: dict, by_token: list) -> str:
    today = datetime.date.today().isoformat()
    return f"""# The comparison of {today}

{machine()}.
{options.receivers:,} receivers of 64-byte messages from one sender, each server pinned to one
CPU and the generator to another; CPU time is that of all threads of the server, as the scheduler
counts it. Medians of {options.rounds} rounds, and their spread. Memory is what the server's
resident memory grew by. Only the ratios count.

{table(results, versions, COLUMNS)}

{ratios(results)}
{of_tokens(by_token)}
Latency in milliseconds, from the moment a message was sent, with the same load. The last receiver's
is a median.

{table(results, versions, LATENCY_COLUMNS)}

Made by `make bench`; `loadtest/bench/servers.py` tells how each server was started.
"""


def panel(results: dict, title: str, measure: str, key: str, value=lambda found: found) -> dict:
    bars = []
    for server in results:
        found = [value(each) for each in values(results, server, measure, key)]
        if found:
            spread = {"low": min(found), "median": statistics.median(found), "high": max(found)}
            bars.append({"name": server, "highlight": server == "chatsrv", **spread})
    return {"title": title, "bars": bars}


def chart(options: argparse.Namespace, results: dict) -> dict:
    more, less = "(longer is better)", "(shorter is better)"
    rate = lambda micros: 1e6 / micros
    return {
        "title": f"One sender, {options.receivers:,} receivers",
        "subtitle": f"{machine()}; medians of {options.rounds} rounds, and their spread",
        "panels": [
            panel(results, f"deliveries a CPU second, one under way {more}", "one", "cpu_us", rate),
            panel(results, f"the same, sixteen under way {more}", "sixteen", "cpu_us", rate),
            panel(results, f"bytes of memory per idle connection {less}", "idle", "bytes"),
            panel(results, f"ms to the last receiver, one under way {less}", "one", "last_p50_ms"),
        ],
    }


def main() -> None:
    options = arguments()
    servers = [s for s in SERVERS if not options.only or s.name in options.only]
    missing = [server for server in servers if server.path(options.built) is None]
    for server in missing:
        origin = f"apt-get install {server.package}" if server.package else "make"
        print(f"{server.name} is missing: {origin}")
    servers = [server for server in servers if server not in missing]
    if not servers:
        sys.exit("there is nothing to compare")
    versions = {s.name: s.version(s.path(options.built)) for s in servers}
    results = measure(options, servers)
    by_token = []
    try:
        if any(server.name == "chatsrv" for server in servers):
            by_token = [tokens(options) for _ in range(options.rounds)]
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"nobody came back with a token: {error}")

    options.out.mkdir(parents=True, exist_ok=True)
    everything = {"machine": machine(), "versions": versions, "results": results}
    everything["tokens"] = by_token
    (options.out / "bench.json").write_text(json.dumps(everything, indent=1) + "\n")
    report = text(options, results, versions, by_token)
    (options.out / "bench.md").write_text(report)
    bars = options.out / "bars.json"
    bars.write_text(json.dumps(chart(options, results)) + "\n")
    loadtest = str(options.built / "loadtest")
    subprocess.run([loadtest, "chart", str(bars), str(options.out / "bench.svg")], check=True)
    print(report)


if __name__ == "__main__":
    main()
