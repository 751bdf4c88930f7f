"""Measures the cost of a message to a group, compared to a broadcast."""

from measure import Measure
from options import Options
from runs import Figures, Results, rounds, run_alone
from servers import CHATSRV, available
from tables import Column, ratio, table

GROUPS = 1_000
SIZE = 100
QUICK_GROUPS = 50
WINDOWS = {1: "one under way", 16: "sixteen"}

COLUMNS = [
    Column("CPU a delivery, µs", "cpu_us", 2),
    Column("p50, ms", "p50_ms", 2),
    Column("p99, ms", "p99_ms", 2),
]


def talk(options: Options, load: list[str], window: int) -> Figures:
    words = [*load, "--window", str(window), "--duration", f"{options.seconds}s"]
    figures = run_alone(options, CHATSRV, words)
    latency = figures["latency"]["delivery"]
    return {
        "cpu_us": figures["server_process"]["cpu_us_per_delivery"],
        "p50_ms": latency["p50_us"] / 1000,
        "p99_ms": latency["p99_us"] / 1000,
    }


def loads(options: Options) -> dict[str, list[str]]:
    count = QUICK_GROUPS if options.quick else GROUPS
    broadcasts = {
        f"everyone, {receivers:,} receivers": ["--clients", str(receivers + 1), "--rate", "0"]
        for receivers in (SIZE - 1, options.receivers)
    }
    clients = max(options.receivers, SIZE, count)
    groups = ["--clients", str(clients), "--groups", str(count), "--group-size", str(SIZE)]
    return {f"{count:,} groups of {SIZE}": groups} | broadcasts


def row(load: str, window: int) -> str:
    return f"{load}, {WINDOWS[window]}"


def take(options: Options) -> Results:
    if not available(options, [CHATSRV]):
        return {}
    cases = {
        row(name, window): lambda load=load, window=window: talk(options, load, window)
        for window in WINDOWS
        for name, load in loads(options).items()
    }
    return rounds(options, "groups", cases)


def text(options: Options, results: Results) -> str:
    groups, few, many = loads(options)
    ratios = [
        f"with {WINDOWS[window]} {ratio(results, row(groups, window), row(few, window), 'cpu_us')} "
        f"times one to as many receivers without groups, and "
        f"{ratio(results, row(groups, window), row(many, window), 'cpu_us')} times one to all"
        for window in WINDOWS
    ]
    return f"""The members of the groups are spread over {options.receivers:,} users, all of them online; each group's maker
writes to it, in turn.

{table("messages to", results, COLUMNS)}

A delivery to a group costs {"; ".join(ratios)}.
"""


MEASURE = Measure("groups", "Groups", take, text)
